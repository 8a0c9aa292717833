/** What became of one test. */
export interface Outcome {
  /** Path of the test file from the top of the clone, or the name of a check (`types`, `lint`). */
  readonly file: string;
  /** Names from the outermost suite to the test, joined by ` › `. */
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Why it failed (with stack and output) or was skipped. */
  readonly reason?: string;
  /** The command that runs it alone. */
  readonly again: string;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function tally(outcomes: readonly Outcome[]): Tally {
  const count = (result: Outcome['result']) => outcomes.filter((one) => one.result === result).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
