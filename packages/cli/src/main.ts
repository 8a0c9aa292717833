import { run } from './run.ts';

const stop = new AbortController();
let stoppedAtMs = Number.POSITIVE_INFINITY;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // npm hands on what the terminal sends as well, so the second of two at once means nothing.
    if (performance.now() - stoppedAtMs > 1000) process.exit(130);
    stoppedAtMs = Math.min(stoppedAtMs, performance.now());
    stop.abort();
  });
}
// Whoever started us this way cannot always pass its end on as a signal.
if (process.env.BERTH_STOP_WITH_PARENT !== undefined) {
  delete process.env.BERTH_STOP_WITH_PARENT;
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || stop.abort(), 500).unref();
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
  signal: stop.signal,
});
