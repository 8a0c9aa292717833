/**
 * Opens an engine and serves it until it is told to stop. Run by `lab/engine.ts`; prints one line when it is ready.
 * `crashAt` and `traceSteps` are for crash tests: end by SIGKILL at the nth time of a step (`db.begin:2`), write down the name
 * of every step.
 */
import { openSync, writeSync } from 'node:fs';
import { type OpenEngineOptions, openEngine, serveEngine } from '@berth/engine';

const { socketPath, tcp, crashAt, traceSteps, ...options } = JSON.parse(
  process.argv[2] ?? '{}',
) as OpenEngineOptions & {
  readonly socketPath: string;
  readonly tcp?: string;
  readonly crashAt?: string;
  readonly traceSteps?: string;
};
const trace = traceSteps === undefined ? undefined : openSync(traceSteps, 'a');
const counts = new Map<string, number>();
const onStep = (step: string): void => {
  const point = `${step}:${(counts.get(step) ?? 0) + 1}`;
  counts.set(step, (counts.get(step) ?? 0) + 1);
  if (trace !== undefined) writeSync(trace, `${point}\n`);
  if (point === crashAt) process.kill(process.pid, 'SIGKILL');
};
const onFault = (error: unknown, what: string): void => {
  console.error(`fault: ${what}:`, error);
};

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
});
const startedAt = performance.now();
{
  await using engine = await openEngine({ ...options, onFault, onStep });
  await using server = await serveEngine(engine, {
    ...{ socketPath, onFault },
    ...(tcp === undefined ? {} : { tcp }),
  });
  const { address, tcpAddress } = server;
  console.log(
    JSON.stringify({
      address,
      tcpAddress,
      pid: process.pid,
      startMs: performance.now() - startedAt,
    }),
  );
  await stopped;
}
