import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestBytes, validateImage } from '@berth/oci';
import { type RandomImage, randomImage } from '@berth/oci/testing';
import {
  copyImage,
  type ImageSource,
  type Location,
  openRemote,
  openSink,
  openSource,
} from '@berth/transfer';
import { sourceOf } from '@berth/transfer/testsuite';
import { startRegistryServer } from './registry-server.ts';

const ROUNDS = process.env.BERTH_SOAK === '1' ? 60 : 6;
const SEED = process.env.BERTH_SEED ?? `${Date.now()}`;
const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');

/** 0 ≤ x < 1, the same for the same seed and round. */
function chance(round: number): number {
  return Number.parseInt(digestBytes(`${SEED}/${round}`).slice(7, 15), 16) / 2 ** 32;
}

async function assertWhole(source: ImageSource, reference: string, image: RandomImage): Promise<void> {
  const descriptor = await source.resolve(reference);
  const { bytes } = await source.manifest(descriptor);
  const { config, layers } = JSON.parse(Buffer.from(bytes).toString());
  const known = new Map([config, ...layers].map((each) => [each.digest, each]));
  const mismatches = await validateImage({
    descriptor,
    manifest: bytes,
    blob: (digest) => (known.has(digest) ? source.blob(known.get(digest)) : undefined),
  });
  assert.deepEqual(mismatches, []);
  assert.equal(config.digest, image.manifest.config.digest);
}

/** `undefined` where nothing can be seen. */
async function visible(location: Location): Promise<ImageSource | undefined> {
  const source = await openSource(location).catch(() => undefined);
  const descriptor = await source?.resolve('v').catch(() => undefined);
  if (descriptor !== undefined) return source;
  await source?.[Symbol.asyncDispose]();
  return undefined;
}

for (const kind of ['oci', 'docker-archive'] as const) {
  test(`kill -9 of berth copy to ${kind}: nothing half-made is seen, the next try succeeds`, async (t) => {
    t.diagnostic(`seed ${SEED}`);
    await using server = await startRegistryServer();
    const image = await randomImage({ seed: 'kill', layers: 6, sizeBytes: 2_000_000 });
    {
      await using sink = await openRemote({ registry: server.host, repository: 'team/app', access: 'push' });
      await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
    }
    const root = await mkdtemp(join(tmpdir(), 'berth-killed-'));
    t.after(() => rm(root, { recursive: true, force: true }));
    const path = join(root, 'image');
    const location = { kind, path } as const;
    const reference = kind === 'oci' ? 'v' : 'example.org/app:v';
    const target = `${kind}:${path}:${reference}`;
    let killed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await rm(path, { recursive: true, force: true });
      const args = [
        '--disable-warning=ExperimentalWarning',
        MAIN,
        'copy',
        '-q',
        `${server.host}/team/app:v`,
        target,
      ];
      const child: ChildProcess = spawn(process.execPath, args, {
        stdio: 'ignore',
        env: { PATH: process.env.PATH, HOME: root },
      });
      const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
      await Promise.race([sleep(200 + chance(round) * 700), ended]);
      child.kill('SIGKILL');
      const [, signal] = await ended;
      if (signal === 'SIGKILL') killed += 1;
      const seen = await visible(location);
      if (seen !== undefined) await assertWhole(seen, 'v', image);
      await seen?.[Symbol.asyncDispose]();

      await using source = await openRemote({ registry: server.host, repository: 'team/app' });
      {
        await using sink = await openSink(location, { repository: 'example.org/app' });
        await copyImage(source, sink, { reference: 'v', tags: ['v'] });
      }
      await using again = await openSource(location);
      await assertWhole(again, 'v', image);
      const left = await readdir(root).then((names) => names.filter((name) => name.startsWith('.image')));
      assert.deepEqual(left, [], 'no leftovers beside it');
      if (kind === 'oci')
        assert.deepEqual((await readdir(path)).sort(), ['blobs', 'index.json', 'oci-layout']);
    }
    t.diagnostic(`${killed} of ${ROUNDS} were killed before they were done`);
  });
}
