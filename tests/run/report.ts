import { driverTable } from './driver-table.ts';
import { type Outcome, tally } from './outcome.ts';

/** One line when a file is done: how many, and how long. */
export function fileLine(
  file: string,
  options: { readonly outcomes: readonly Outcome[]; readonly ms: number },
): string {
  const { passed, failed, skipped } = tally(options.outcomes);
  const mark = failed > 0 ? 'FAIL' : passed === 0 && skipped > 0 ? 'skip' : 'ok  ';
  const parts = [`${passed} passed`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped > 0) parts.push(`${skipped} skipped`);
  return `${mark} ${file}  ${parts.join(', ')}  ${duration(options.ms)}`;
}

/**
 * The table of storage drivers, what was skipped and why, then failures with how to run each alone (last, for whoever has only the end of it), then the line that
 * scripts read.
 */
export function summary(
  outcomes: readonly Outcome[],
  options: { readonly seed: string; readonly ms: number },
): string[] {
  const lines = driverTable(outcomes);
  const skipped = outcomes.filter((one) => one.result === 'skipped');
  if (skipped.length > 0) lines.push('', `NOT RUN ON THIS MACHINE (${skipped.length})`);
  for (const [reason, ones] of groupBy(skipped, (one) => one.reason ?? 'no reason given')) {
    lines.push(`  ${reason}:`);
    for (const one of ones) lines.push(`    ${one.file}: ${one.name}`);
  }
  const failed = outcomes.filter((one) => one.result === 'failed');
  if (failed.length > 0) lines.push('', `FAILED (${failed.length})`);
  for (const one of failed) {
    lines.push('', `  ${one.file}: ${one.name}`, indent(one.reason ?? '', '    '));
    lines.push(`    alone: BERTH_SEED=${options.seed} ${one.again}`);
  }
  const { passed, failed: bad, skipped: left } = tally(outcomes);
  if (outcomes.length === 0) lines.push('', 'No test ran: no file matches');
  lines.push('', `seed ${options.seed}, ${duration(options.ms)}`);
  lines.push(`${passed} passed, ${bad} failed, ${left} skipped`);
  return lines;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

function indent(text: string, by: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => by + line)
    .join('\n');
}

function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
