import { openSync, writeSync } from 'node:fs';

/**
 * The hook for crash tests: `BERTH_CRASH_AT=<step>[:n]` kills the process at the n-th such step, as hard as a
 * power switch does; `BERTH_TRACE_STEPS=<file>` appends the name of every step. Without both there is no hook.
 */
export function stepHook(
  env: Readonly<Record<string, string | undefined>>,
): ((step: string) => void) | undefined {
  const { BERTH_CRASH_AT: crashAt, BERTH_TRACE_STEPS: traceFile } = env;
  if (!crashAt && !traceFile) return undefined;
  // Opened now: the process may have lost the right to later.
  const trace = traceFile ? openSync(traceFile, 'a') : undefined;
  const [, wanted = '', count = '1'] = /^(.*?)(?::([0-9]+))?$/.exec(crashAt ?? '') ?? [];
  let left = Number(count);
  return (step) => {
    if (trace !== undefined) writeSync(trace, `${step}\n`);
    if (step === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
