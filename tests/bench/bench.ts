import type { Lab } from '../lab/peers.ts';

/** What is told of one measurement. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Left out where only ours was measured. */
  readonly peer?: number;
  readonly goal: Goal;
  /** Single measurements in the order in which they were taken, ours and the peer's alternating. */
  readonly rounds: readonly { readonly ours: number; readonly peer?: number }[];
}

export type Goal =
  /** So many times the peer's figure, or more. */
  | { readonly atLeastTimes: number }
  /** So many times the peer's figure, or less. */
  | { readonly atMostTimes: number }
  | { readonly atMost: number };

/** Measures with everything that it needs started anew. */
export type Bench<Size> = (lab: Lab, size: Size) => Promise<readonly BenchResult[]>;
