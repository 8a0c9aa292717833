import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { BenchResult, BenchSize, Goal } from './contender.ts';

const HEAD = ['what', 'ours', 'docker-registry', 'ratio', 'goal', 'met'] as const;

export function isMet({ ours, peer, goal }: BenchResult): boolean {
  return 'atMost' in goal ? ours <= goal.atMost : ours >= peer * goal.atLeastTimes;
}

/** One line per result, columns in line. */
export function formatTable(results: readonly BenchResult[]): string {
  const rows = results.map((result) => [
    result.name,
    `${shown(result.ours)} ${result.unit}`,
    `${shown(result.peer)} ${result.unit}`,
    `${(result.ours / result.peer).toFixed(2)} ×`,
    shownGoal(result.goal, result.unit),
    isMet(result) ? 'yes' : 'NO',
  ]);
  const table: readonly (readonly string[])[] = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
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
  report: { readonly size: BenchSize; readonly results: readonly BenchResult[] },
): Promise<string> {
  const at = new Date().toISOString();
  const path = join(folder, `${at.slice(0, 19).replaceAll(':', '-')}.json`);
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), arch: arch() };
  const results = report.results.map((result) => ({ ...result, isMet: isMet(result) }));
  await mkdir(folder, { recursive: true });
  await writeFile(
    path,
    `${JSON.stringify({ at, machine, node: process.version, size: report.size, results }, undefined, 2)}\n`,
  );
  return path;
}

function shown(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

function shownGoal(goal: Goal, unit: string): string {
  return 'atMost' in goal ? `≤ ${goal.atMost} ${unit}` : `≥ ${goal.atLeastTimes} ×`;
}
