import { ProcessSignals } from './process-signals.ts';
import { run } from './run.ts';

const signals = new ProcessSignals((code) => process.exit(code));
// Whoever started us this way cannot always pass its end on as a signal.
if (process.env.BERTH_STOP_WITH_PARENT !== undefined) {
  delete process.env.BERTH_STOP_WITH_PARENT;
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || signals.stop(), 500).unref();
}
// A reader that went away (`berth tags … | head -1`) is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  entry: import.meta.filename,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: signals.signal,
  takeSignals: (listener) => signals.take(listener),
});
