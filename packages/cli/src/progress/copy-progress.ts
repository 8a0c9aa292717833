import type { CliContext } from '../context.ts';
import type { CopyProgress } from './interface.ts';
import { plainLines } from './plain-lines.ts';
import { terminalDisplay } from './terminal-display.ts';

/** JSON lines on standard output with `--format json`, a display on a terminal, plain lines elsewhere. */
export function copyProgress(
  context: CliContext,
  options: { readonly isQuiet?: boolean } = {},
): CopyProgress {
  const { printer, stderr, env } = context;
  if (printer.format === 'json') {
    return { onEvent: (event) => printer.record(event, () => ''), stop: () => {} };
  }
  if (options.isQuiet === true) return { onEvent: () => {}, stop: () => {} };
  if (stderr.isTTY && env.TERM !== 'dumb') {
    return terminalDisplay(stderr, { hasColors: !env.NO_COLOR, hasUnicode: /utf-?8/i.test(localeOf(env)) });
  }
  return plainLines((line) => printer.note(line));
}

function localeOf(env: CliContext['env']): string {
  return env.LC_ALL || env.LC_CTYPE || env.LANG || '';
}
