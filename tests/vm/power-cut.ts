import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestEngine } from './guest-engine.ts';
import { GuestGoneError } from './port.ts';

export interface PowerCut {
  readonly work: () => Promise<unknown>;
  /** How many durable steps of the engine are awaited, counted from the start of the work. */
  readonly afterSteps: number;
}

/**
 * Cuts the power in the middle of some work, when the engine comes to a step of it.
 *
 * @returns the step; `undefined`: the work came to its end before
 */
export async function cutPowerDuring(engine: GuestEngine, cut: PowerCut): Promise<string | undefined> {
  const { guest, steps } = engine;
  const before = await stepsOf(engine);
  const tail = guest.start('tail', ['--follow', `--lines=+${before + 1}`, steps]);
  const seen = () => tail.stdout().split('\n').slice(0, -1);
  const state = { ended: false };
  const working = cut.work().then(
    () => {
      state.ended = true;
    },
    (error: unknown) => {
      state.ended = !(error instanceof GuestGoneError);
      if (state.ended) throw error;
    },
  );
  while (!state.ended && seen().length < cut.afterSteps) await Promise.race([working, sleep(2)]);
  await guest.cutPower();
  await working;
  return state.ended ? undefined : seen().at(-1);
}

/** How many durable steps the engine has come to since its guest was booted. */
export async function stepsOf({ guest, steps }: GuestEngine): Promise<number> {
  return Number(await guest.must('sh', ['-c', `wc -l < ${steps}`]));
}
