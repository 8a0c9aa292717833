import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { hasCode, toPlainError } from '@berth/errors';
import { digestBytes } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import { openRemote } from '@berth/transfer';
import { startHub } from '../lab/hub.ts';
import { SeededBytes } from '../lab/seeded-bytes.ts';
import { assertWhole } from './assert-whole.ts';
import { assertCheckIsClean, assertNothingLeft, stagedFiles, storedBlobs } from './leftovers.ts';
import { pushImage } from './prepared-root.ts';
import { blobsOf } from './push-plan.ts';
import { signIn } from './registry-client.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const REPOSITORY = 'admin/app';

test('a full disk: a clear error, nothing half-made stays, and with space the next push succeeds', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root: it mounts a small file system');
  const dataRoot = await mkdtemp(join(tmpdir(), 'berth-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'berth-test', dataRoot]);
  try {
    await fillAndGoOn(dataRoot);
  } finally {
    await run('umount', [dataRoot]);
    await rm(dataRoot, { recursive: true });
  }
});

async function fillAndGoOn(dataRoot: string): Promise<void> {
  const small = await randomImage({ seed: 'small' });
  const large = await randomImage({ seed: 'large', layers: 1, filesPerLayer: 1, sizeBytes: 24 * MIB });
  const filler = join(dataRoot, 'filler');
  const blobs = blobsOf([small, large]);
  let first: Set<string>;
  {
    await using hub = await startHub({ dataRoot });
    first = await storedBlobs(dataRoot);
    await pushImage(hub, REPOSITORY, small);
    await writeFile(filler, Buffer.alloc(30 * MIB));

    const bytes = new SeededBytes('too large').next(24 * MIB);
    const digest = digestBytes(bytes);
    const client = await signIn(hub, [REPOSITORY]);
    const whole = await client.request('POST', `${REPOSITORY}/blobs/uploads/?digest=${digest}`, {
      body: bytes,
    });
    assert.equal(whole.status, 507);
    const { errors } = (await whole.json()) as {
      errors: { code: string; message: string; detail: unknown }[];
    };
    assert.equal(errors[0]?.code, 'STORAGE_FULL');
    assert.match(errors[0]?.message ?? '', /the disk of the registry is full.* free space/);
    assert.deepEqual(await stagedFiles(dataRoot), []);

    const session = await client.request('POST', `${REPOSITORY}/blobs/uploads/`);
    const location = session.headers.get('location') ?? '';
    const part = await client.request('PATCH', location, { body: bytes });
    assert.equal(part.status, 507);
    assert.deepEqual(await stagedFiles(dataRoot), []);

    await assert.rejects(pushImage(hub, REPOSITORY, large), (error: unknown) => {
      assert.ok(hasCode(error));
      assert.equal(error.code, 'REGISTRY_REFUSED');
      assert.match(error.message, /STORAGE_FULL: .* the disk of the registry is full/);
      assert.match(toPlainError(error).hint ?? '', /^Free space/);
      return true;
    });
    assert.deepEqual(await stagedFiles(dataRoot), []);
    await assertCheckIsClean(dataRoot);

    {
      await using remote = await openRemote({
        registry: hub.host,
        repository: REPOSITORY,
        credentials: hub,
      });
      await assertWhole(remote, small.descriptor.digest);
    }
    await rm(filler);
    await pushImage(hub, REPOSITORY, large);
    await using remote = await openRemote({ registry: hub.host, repository: REPOSITORY, credentials: hub });
    await assertWhole(remote, large.descriptor.digest);
  }
  await assertNothingLeft(dataRoot, { blobs: first.union(blobs) as typeof blobs, unheardSessions: 0 });
}
