import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RandomImage, type RandomImageOptions, randomImage } from '@berth/oci/testing';
import { copyImage, type OpenRemoteOptions, openLayout, openRemote } from '@berth/transfer';
import { startHub, type TestHub } from '../lab/hub.ts';
import { assertWhole } from './assert-whole.ts';
import { SEED } from './chance.ts';
import { assertNothingLeft } from './leftovers.ts';
import { killClientAtMoments, killHubAtMoments, Moments, ROUNDS } from './moments.ts';
import { prepareRoot, pushImage } from './prepared-root.ts';
import { blobsOf, makePlan } from './push-plan.ts';
import { Pusher } from './pusher.ts';

const LAYER_BYTES = 2_000_000;
const IMAGE = { layers: 6, filesPerLayer: 1, sizeBytes: LAYER_BYTES } satisfies Partial<RandomImageOptions>;
/** `@berth/transfer` moves so many blobs at once: so many sessions can be unheard of after a kill. */
const JOBS = 4;
const NO_RETRY = { attempts: 1, baseDelayMs: 10, maxDelayMs: 10 };

test('kill -9 of the Hub at random moments of a push', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('data');
  const moments = new Moments('push/hub');
  const images: RandomImage[] = [];
  {
    await using hub = await startHub({ dataRoot });
    let { old } = prepared;
    await killHubAtMoments(hub, moments, async (round) => {
      const plan = await makePlan({
        seed: `${SEED}/${round}`,
        old,
        journalFolder: join(prepared.work, 'journal'),
        freshRepository: `admin/fresh-${round}`,
        jobs: JOBS,
        layerSizeBytes: LAYER_BYTES,
      });
      images.push(plan.fresh, plan.moved);
      old = plan.moved;
      const pusher = new Pusher(plan);
      return {
        run: () => pusher.push(hub),
        async runAgain() {
          await pusher.assertAcknowledged(hub);
          await pusher.push(hub);
        },
        async verify() {
          await pusher.assertAcknowledged(hub);
          await pusher.assertPulls(hub);
        },
      };
    });
  }
  const blobs = prepared.blobs.union(blobsOf(images));
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: ROUNDS * JOBS }));
});

test('kill -9 of the Hub at random moments of a pull', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('data');
  const moments = new Moments('pull/hub');
  const image = await randomImage({ seed: 'pulled', ...IMAGE });
  {
    await using hub = await startHub({ dataRoot });
    await pushImage(hub, 'admin/pulled', image);
    await killHubAtMoments(hub, moments, async (round) => {
      const path = join(prepared.work, `layout-${round}`);
      return {
        run: () => pull(hub, path),
        runAgain: () => pull(hub, path),
        verify: () => assertWholeLayout(path, image),
      };
    });
  }
  const blobs = prepared.blobs.union(blobsOf([image]));
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: 0 }));
});

test('kill -9 of the client at random moments of a push', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('data');
  const moments = new Moments('push/client');
  const images: RandomImage[] = [];
  {
    await using hub = await startHub({ dataRoot });
    const remote = { ...addressOf(hub, 'admin/sent'), journalFolder: join(prepared.work, 'journal') };
    await killClientAtMoments(hub, moments, async (round) => {
      const push = { seed: `sent/${SEED}/${round}`, ...IMAGE };
      const image = await randomImage(push);
      images.push(image);
      return {
        order: { remote, push },
        async verify() {
          await using source = await openRemote(remote);
          await assertWhole(source, image.descriptor.digest);
        },
      };
    });
  }
  const blobs = prepared.blobs.union(blobsOf(images));
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: ROUNDS * JOBS }));
});

test('kill -9 of the client at random moments of a pull', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const dataRoot = await prepared.copy('data');
  const moments = new Moments('pull/client');
  const image = await randomImage({ seed: 'pulled', ...IMAGE });
  {
    await using hub = await startHub({ dataRoot });
    await pushImage(hub, 'admin/pulled', image);
    const remote = addressOf(hub, 'admin/pulled');
    await killClientAtMoments(hub, moments, async (round) => {
      const path = join(prepared.work, `layout-${round}`);
      return { order: { remote, pullTo: path }, verify: () => assertWholeLayout(path, image) };
    });
  }
  const blobs = prepared.blobs.union(blobsOf([image]));
  moments.report(t, await assertNothingLeft(dataRoot, { blobs, unheardSessions: 0 }));
});

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
