export interface Pairs {
  readonly ours: number;
  readonly peer: number;
  readonly rounds: readonly { readonly ours: number; readonly peer: number }[];
}

/**
 * Measures both in turn, the other one first in every second round, so that what the machine does beside falls on
 * both. The medians count.
 */
export async function measurePairs<Contender>(
  contenders: { readonly ours: Contender; readonly peer: Contender },
  options: {
    readonly rounds: number;
    readonly measure: (contender: Contender, round: number) => Promise<number>;
  },
): Promise<Pairs> {
  const { ours, peer } = contenders;
  const rounds: { ours: number; peer: number }[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const result = { ours: 0, peer: 0 };
    const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const who of order) result[who] = await options.measure(who === 'ours' ? ours : peer, round);
    rounds.push(result);
  }
  return {
    ours: median(rounds.map((round) => round.ours)),
    peer: median(rounds.map((round) => round.peer)),
    rounds,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('Cannot give the median of no values');
  return sorted.length % 2 === 1 ? middle : (middle + (sorted[sorted.length / 2 - 1] ?? middle)) / 2;
}
