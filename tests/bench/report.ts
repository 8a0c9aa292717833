import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { BenchResult, Goal } from './bench.ts';
import type { BenchGroup, Sizes } from './run-bench.ts';

export function isMet({ ours, peer = Number.NaN, goal }: BenchResult): boolean {
  if ('atMost' in goal) return ours <= goal.atMost;
  return 'atLeastTimes' in goal ? ours >= peer * goal.atLeastTimes : ours <= peer * goal.atMostTimes;
}

/** One line per result, columns in line. */
export function formatTable({ peer, results }: BenchGroup): string {
  const head = ['what', 'ours', peer, 'ratio', 'goal', 'met'];
  const rows = results.map((result) => [
    result.name,
    `${shown(result.ours)} ${result.unit}`,
    result.peer === undefined ? '–' : `${shown(result.peer)} ${result.unit}`,
    result.peer === undefined ? '–' : `${(result.ours / result.peer).toFixed(2)} ×`,
    shownGoal(result.goal, result.unit),
    isMet(result) ? 'yes' : 'NO',
  ]);
  const table: readonly (readonly string[])[] = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

/** @returns path of the file */
export async function writeResults(
  folder: string,
  report: { readonly sizes: Sizes; readonly groups: readonly BenchGroup[] },
): Promise<string> {
  const at = new Date().toISOString();
  const path = join(folder, `${at.slice(0, 19).replaceAll(':', '-')}.json`);
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), arch: arch() };
  const results = report.groups.flatMap(({ peer, results }) =>
    results.map((result) => ({ beside: peer, ...result, isMet: isMet(result) })),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(
    path,
    `${JSON.stringify({ at, machine, node: process.version, sizes: report.sizes, results }, undefined, 2)}\n`,
  );
  return path;
}

function shown(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

function shownGoal(goal: Goal, unit: string): string {
  if ('atMost' in goal) return `≤ ${goal.atMost} ${unit}`;
  return 'atLeastTimes' in goal ? `≥ ${goal.atLeastTimes} ×` : `≤ ${goal.atMostTimes} ×`;
}
