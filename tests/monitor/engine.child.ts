/** An engine to be killed: makes and starts the containers it is given, keeps what a client keeps, and says `started`. */
import { type MonitoredContainer, startMonitor } from '@berth/monitor';
import type { RuntimeProgram } from '@berth/runtime';

export interface EngineJob {
  readonly runRoot: string;
  readonly runtime: RuntimeProgram;
  readonly containers: readonly MonitoredContainer[];
  /** Made and not started. */
  readonly created?: readonly MonitoredContainer[];
}

const { runRoot, runtime, containers, created = [] } = JSON.parse(process.argv[2] ?? '') as EngineJob;
const monitor = await startMonitor({ runRoot, runtime });
for (const container of containers) {
  await monitor.create(container);
  await monitor.start(container.id);
}
for (const container of created) await monitor.create(container);
process.stdout.write('started\n');
