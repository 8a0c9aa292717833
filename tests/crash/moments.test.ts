import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RandomImage, type RandomImageOptions, randomImage } from '@berth/oci/testing';
import { copyImage, type OpenRemoteOptions, openLayout, openRemote } from '@berth/transfer';
import { startHub, type TestHub } from '../lab/hub.ts';
import { assertWhole } from './assert-whole.ts';
import { chance, IS_SOAK, SEED } from './chance.ts';
import { runCopier } from './copier.ts';
import { assertCheckIsClean, assertNothingLeft, storedBlobs } from './leftovers.ts';
import { type PreparedRoot, prepareRoot, pushImage } from './prepared-root.ts';
import { blobsOf, makePlan, type PushPlan } from './push-plan.ts';
import { Pusher } from './pusher.ts';

const ROUNDS = IS_SOAK ? 50 : 3;
const LAYER_BYTES = 2_000_000;
/** `@berth/transfer` moves so many blobs at once: so many sessions can be unheard of after a kill. */
const JOBS = 4;
const IMAGE = { layers: 6, filesPerLayer: 1, sizeBytes: LAYER_BYTES } satisfies Partial<RandomImageOptions>;
const NO_RETRY = { attempts: 1, baseDelayMs: 10, maxDelayMs: 10 };

test('kill -9 of the Hub at random moments of a push', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('push');
  const blobs = new Set(prepared.blobs);
  const moments = new Moments('push/hub');
  {
    await using hub = await startHub({ dataRoot });
    let { old } = prepared;
    for (let round = 0; round <= ROUNDS; round += 1) {
      const plan = await planOf(prepared, { round, old });
      for (const digest of blobsOf([plan.fresh, plan.moved])) blobs.add(digest);
      const pusher = new Pusher(plan);
      const began = performance.now();
      const pushed = outcomeOf(pusher.push(hub));
      if (round > 0) {
        assert.equal(await Promise.race([sleep(moments.delay(round)), pushed]), undefined);
        await hub.kill();
        moments.count((await pushed) !== undefined);
        await hub.restart();
        await assertCheckIsClean(dataRoot);
        await pusher.assertAcknowledged(hub);
        await pusher.push(hub);
      }
      assert.equal(round === 0 ? await pushed : undefined, undefined);
      // The first round is the measure for the others.
      if (round === 0) moments.spanMs = performance.now() - began;
      await pusher.assertAcknowledged(hub);
      await pusher.assertPulls(hub);
      old = plan.moved;
    }
  }
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: ROUNDS * JOBS }));
});

test('kill -9 of the Hub at random moments of a pull', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('pull');
  const moments = new Moments('pull/hub');
  const image = await randomImage({ seed: 'pulled', ...IMAGE });
  {
    await using hub = await startHub({ dataRoot });
    await pushImage(hub, 'admin/pulled', image);
    for (let round = 0; round <= ROUNDS; round += 1) {
      const path = join(prepared.work, `layout-${round}`);
      const began = performance.now();
      const pulled = outcomeOf(pull(hub, path));
      if (round === 0) {
        assert.equal(await pulled, undefined);
        moments.spanMs = performance.now() - began;
        continue;
      }
      assert.equal(await Promise.race([sleep(moments.delay(round)), pulled]), undefined);
      await hub.kill();
      moments.count((await pulled) !== undefined);
      await hub.restart();
      await assertCheckIsClean(dataRoot);
      await pull(hub, path);
      await assertWholeLayout(path, image);
    }
  }
  const blobs = prepared.blobs.union(blobsOf([image]));
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: 0 }));
});

test('kill -9 of the client at random moments of a push', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('push-client');
  const moments = new Moments('push/client');
  const images: RandomImage[] = [];
  {
    await using hub = await startHub({ dataRoot });
    const remote = { ...addressOf(hub, 'admin/sent'), journalFolder: join(prepared.work, 'journal') };
    for (let round = 0; round <= ROUNDS; round += 1) {
      const push = { seed: `sent/${SEED}/${round}`, ...IMAGE };
      const image = await randomImage(push);
      images.push(image);
      const { isKilled, ms } = await runCopier(
        { remote, push },
        round === 0 ? undefined : moments.delay(round),
      );
      if (round === 0) moments.spanMs = ms;
      else moments.count(isKilled);
      await assertCheckIsClean(dataRoot);
      if (round > 0) await runCopier({ remote, push });
      await using source = await openRemote(remote);
      await assertWhole(source, image.descriptor.digest);
    }
  }
  const blobs = prepared.blobs.union(blobsOf(images));
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: ROUNDS * JOBS }));
});

test('kill -9 of the client at random moments of a pull', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('pull-client');
  const moments = new Moments('pull/client');
  const image = await randomImage({ seed: 'pulled', ...IMAGE });
  {
    await using hub = await startHub({ dataRoot });
    await pushImage(hub, 'admin/pulled', image);
    const remote = addressOf(hub, 'admin/pulled');
    for (let round = 0; round <= ROUNDS; round += 1) {
      const path = join(prepared.work, `layout-${round}`);
      const order = { remote, pullTo: path };
      const { isKilled, ms } = await runCopier(order, round === 0 ? undefined : moments.delay(round));
      if (round === 0) moments.spanMs = ms;
      else moments.count(isKilled);
      await runCopier(order);
      await assertWholeLayout(path, image);
    }
    await assertCheckIsClean(dataRoot);
  }
  const blobs = await storedBlobs(dataRoot);
  assert.deepEqual(blobs, prepared.blobs.union(blobsOf([image])));
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: 0 }));
});

/** The moments of one test: from one seed, spread over how long the whole takes. */
class Moments {
  spanMs = 0;
  readonly #name: string;
  #early = 0;
  #late = 0;

  constructor(name: string) {
    this.#name = name;
  }

  delay(round: number): number {
    return chance(`${this.#name}/${round}`) * this.spanMs;
  }

  count(isEarly: boolean): void {
    if (isEarly) this.#early += 1;
    else this.#late += 1;
  }

  report(t: TestContext, unheard: number): void {
    t.diagnostic(
      `${this.#early + this.#late} kills over ${Math.round(this.spanMs)} ms, ${this.#late} of them after its end; ` +
        `${unheard} sessions that no client heard of, swept at the end of their life; seed ${SEED}`,
    );
  }
}

/** @returns the error, undefined when there was none */
function outcomeOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function planOf(
  { work }: PreparedRoot,
  { round, old }: { readonly round: number; readonly old: RandomImage },
): Promise<PushPlan> {
  return makePlan({
    seed: `${SEED}/${round}`,
    old,
    journalFolder: join(work, 'journal'),
    freshRepository: `admin/fresh-${round}`,
    jobs: JOBS,
    layerSizeBytes: LAYER_BYTES,
  });
}

function addressOf({ host, username, password }: TestHub, repository: string): OpenRemoteOptions {
  return { registry: host, repository, access: 'push', credentials: { username, password } };
}

async function pull(hub: TestHub, path: string): Promise<void> {
  await using remote = await openRemote({ ...addressOf(hub, 'admin/pulled'), retry: NO_RETRY });
  await using layout = openLayout({ path });
  await copyImage(remote, layout, { reference: 'v', tags: ['v'] });
}

/** Whole, and nothing in it that does not belong to a layout. */
async function assertWholeLayout(path: string, image: RandomImage): Promise<void> {
  await using layout = openLayout({ path });
  await assertWhole(layout, image.descriptor.digest);
  assert.deepEqual((await readdir(path)).sort(), ['blobs', 'index.json', 'oci-layout']);
  const stored = await readdir(join(path, 'blobs/sha256'));
  const expected = [image.descriptor.digest, ...image.blobs.keys()].map((digest) => digest.slice(7));
  assert.deepEqual(stored.sort(), expected.sort());
}
