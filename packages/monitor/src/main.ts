/**
 * The monitor's process: `node main.ts <runRoot>`, started by `startMonitor` in a session of its own. Says `ready` on its
 * standard output when it can be asked, or `busy` when another one runs.
 */
import { writeSync } from 'node:fs';
import { monitorPaths } from './paths.ts';
import { tryLock } from './server/lock.ts';
import { runMonitor } from './server/run-monitor.ts';
import { makeFolder } from './server/state-file.ts';
import { restartWithoutCompiler } from './server/without-compiler.ts';

const runRoot = process.argv[2];
if (runRoot === undefined) {
  process.stderr.write('Usage: main.ts <folder>\n');
  process.exit(2);
}
restartWithoutCompiler();
const paths = monitorPaths(runRoot);
makeFolder(paths.containers);
const lock = tryLock(paths.lock);
if (lock === undefined) {
  writeSync(1, 'busy\n');
  process.exit(0);
}
const monitor = await runMonitor(paths);
// Containers run on; the next monitor adopts them.
process.on('SIGTERM', () => monitor.end());
writeSync(1, 'ready\n');
await monitor.ended;
lock[Symbol.dispose]();
process.exit(0);
