import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHub } from '../lab/hub.ts';
import { chance, IS_SOAK, SEED } from './chance.ts';
import { runCopier } from './copier.ts';
import type { CopyOrder } from './copy.child.ts';
import { assertCheckIsClean } from './leftovers.ts';

export const ROUNDS = IS_SOAK ? 50 : 3;

/** Moments from one seed, spread over how long an undisturbed run takes. */
export class Moments {
  #spanMs = 0;
  readonly #name: string;
  #early = 0;
  #late = 0;

  constructor(name: string) {
    this.#name = name;
  }

  delay(round: number): number {
    return chance(`${this.#name}/${round}`) * this.#spanMs;
  }

  /** How long a run took that came to its end. */
  ended(ms: number): void {
    this.#spanMs = ms;
  }

  killedInTime(): void {
    this.#early += 1;
  }

  /** The kill came after the end: the moments to come are nearer together. */
  killedLate(ms: number): void {
    this.#late += 1;
    this.#spanMs = Math.min(this.#spanMs, ms);
  }

  report(t: TestContext, unheard: number): void {
    t.diagnostic(
      `${this.#early + this.#late} kills over ${Math.round(this.#spanMs)} ms, ${this.#late} of them after its end; ` +
        `${unheard} sessions that no client heard of, swept at the end of their life; seed ${SEED}`,
    );
  }
}

export interface HubRound {
  run(): Promise<void>;
  /** After the Hub was killed and started again. */
  runAgain(): Promise<void>;
  verify(): Promise<void>;
}

/** One undisturbed round as the measure, then rounds in which the Hub is killed and started again. */
export async function killHubAtMoments(
  hub: TestHub,
  moments: Moments,
  begin: (round: number) => Promise<HubRound>,
): Promise<void> {
  for (let round = 0; round <= ROUNDS; round += 1) {
    const one = await begin(round);
    const began = performance.now();
    let tookMs = 0;
    const outcome = one.run().then(
      () => {
        tookMs = performance.now() - began;
      },
      (error: unknown) => error,
    );
    if (round === 0) {
      assert.equal(await outcome, undefined);
      moments.ended(tookMs);
    } else {
      // Until the kill nothing may fail.
      assert.equal(await Promise.race([sleep(moments.delay(round)), outcome]), undefined);
      await hub.kill();
      if ((await outcome) === undefined) moments.killedLate(tookMs);
      else moments.killedInTime();
      await hub.restart();
      await assertCheckIsClean(hub.dataRoot);
      await one.runAgain();
    }
    await one.verify();
  }
}

export interface ClientRound {
  readonly order: CopyOrder;
  verify(): Promise<void>;
}

/** The same, but it is the copying client that is killed and started again. */
export async function killClientAtMoments(
  hub: TestHub,
  moments: Moments,
  begin: (round: number) => Promise<ClientRound>,
): Promise<void> {
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { order, verify } = await begin(round);
    const { isKilled, ms } = await runCopier(order, round === 0 ? undefined : moments.delay(round));
    if (round === 0) {
      moments.ended(ms);
    } else {
      if (isKilled) moments.killedInTime();
      else moments.killedLate(ms);
      await assertCheckIsClean(hub.dataRoot);
      await runCopier(order);
    }
    await verify();
  }
}
