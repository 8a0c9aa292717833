import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { emptySample, type Sample, takeSample } from './stats-sample.ts';

const INTERVAL_MS = 1000;

export interface StatsOptions {
  readonly stream: boolean;
  readonly oneShot: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One sample a second, as long as the container is there. Not streamed: one, over a second, so that a rate can be computed
 * from it; with `oneShot` the one that is there now.
 */
export async function* containerStats(
  context: ContainersContext,
  container: Container,
  options: StatsOptions,
): AsyncGenerator<Sample, void, undefined> {
  const signal = AbortSignal.any([
    context.closing,
    ...(options.signal === undefined ? [] : [options.signal]),
  ]);
  let before = options.stream || options.oneShot ? undefined : await takeSample(container);
  if (!options.stream) {
    if (before !== undefined) await pause(signal);
    yield (await takeSample(container, before)) ?? emptySample(container);
    return;
  }
  while (!signal.aborted && !container.isGone) {
    const sample = await takeSample(container, before);
    yield sample ?? emptySample(container, before);
    before = sample;
    await pause(signal);
  }
}

/** An abort ends the pause, not the caller. */
async function pause(signal: AbortSignal): Promise<void> {
  await sleep(INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
}
