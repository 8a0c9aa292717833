import type { DriverReport, LabMachine } from '../../interface.ts';
import { reportOf } from '../figures.ts';
import type { Words } from '../words.ts';

export interface Verdict {
  readonly verdict: 'held' | 'partly' | 'notHeld' | 'unknown';
  /** Sentences from the figures. */
  readonly figures: readonly string[];
}

export interface Case {
  readonly machine: LabMachine;
  readonly words: Words;
}

export type Judge = (given: Case) => Verdict;

export const OVERLAYS = ['overlay2', 'overlay'] as const;
/** They copy blocks when those are first written to. */
export const BLOCK_LEVEL = ['devicemapper', 'btrfs'] as const;

/** Held by all, by some, by none. */
export function verdictOf(held: readonly boolean[]): 'held' | 'partly' | 'notHeld' {
  if (held.every(Boolean)) return 'held';
  return held.some(Boolean) ? 'partly' : 'notHeld';
}

/** Its folders were mounted by another program than that which the books speak of. */
export function isThroughFuse({ note }: DriverReport): boolean {
  return note === 'fuse-overlayfs';
}

export function reportsOf(machine: LabMachine, drivers: readonly string[]): readonly DriverReport[] {
  return drivers.flatMap((driver) => reportOf(machine, driver) ?? []);
}

/** All of these are needed. */
export function lacking({ machine, words }: Case, drivers: readonly string[]): Verdict {
  const missing = drivers.filter((driver) => reportOf(machine, driver) === undefined);
  const needed = missing.length === 0 ? drivers : missing;
  return { verdict: 'unknown', figures: [words.books.needs(words.list(needed))] };
}

/** One of these is enough. */
export function lackingAll({ words }: Case, drivers: readonly string[]): Verdict {
  const { needs, needsOneOf } = words.books;
  const [only] = drivers;
  const text = drivers.length === 1 && only !== undefined ? needs(only) : needsOneOf(words.list(drivers));
  return { verdict: 'unknown', figures: [text] };
}
