import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type Digest, digestBytes } from '@berth/oci';
import { type BlobStore, CONTENT_STEPS, openFolderBlobStore } from '../../index.ts';

const run = promisify(execFile);

async function temporaryFolder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'berth-content-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function put(store: BlobStore, bytes: Uint8Array): Promise<Digest> {
  await using ingest = await store.startIngest('put');
  await ingest.write(once(bytes));
  return (await ingest.commit()).digest;
}

describe('openFolderBlobStore()', () => {
  test('makes everything for its owner alone', async (context) => {
    const path = join(await temporaryFolder(context), 'store');
    await using store = await openFolderBlobStore({ path });
    const digest = await put(store, Buffer.from('secret'));
    await store.startIngest('open');
    const shard = digest.slice('sha256:'.length, 'sha256:'.length + 2);
    for (const folder of ['', 'blobs', 'blobs/sha256', `blobs/sha256/${shard}`, 'staging']) {
      assert.equal((await stat(join(path, folder))).mode & 0o777, 0o700, folder);
    }
    for (const file of [`blobs/sha256/${shard}/${digest.slice(7)}`, 'staging/open']) {
      assert.equal((await stat(join(path, file))).mode & 0o777, 0o600, file);
    }
  });

  test('abort() frees the space at once, also where the file is open elsewhere', async (context) => {
    const path = await temporaryFolder(context);
    await using store = await openFolderBlobStore({ path });
    const ingest = await store.startIngest('given-up');
    await ingest.write(once(Buffer.alloc(1_000_000, 1)));
    await using other = await open(join(path, 'staging/given-up'));
    await ingest.abort();
    assert.equal((await other.stat()).blocks, 0);
  });

  test('removeStaging() removes what nobody wants, and counts it', async (context) => {
    const path = await temporaryFolder(context);
    {
      await using before = await openFolderBlobStore({ path });
      for (const id of ['kept', 'left-1', 'left-2']) {
        const ingest = await before.startIngest(id);
        await ingest.write(once(Buffer.alloc(1000)));
      }
    }
    await using store = await openFolderBlobStore({ path });
    const busy = await store.startIngest('busy');
    assert.deepEqual(await store.removeStaging(new Set(['kept'])), { removed: 2, sizeBytes: 2000 });
    assert.deepEqual((await readdir(join(path, 'staging'))).sort(), ['busy', 'kept']);
    await busy.commit();
    assert.equal((await store.resumeIngest('kept')).offset, 1000);
  });

  test('commit() puts a damaged blob right', async (context) => {
    const path = await temporaryFolder(context);
    await using store = await openFolderBlobStore({ path });
    const bytes = Buffer.from('precious');
    const digest = await put(store, bytes);
    const hex = digest.slice('sha256:'.length);
    const file = join(path, 'blobs', 'sha256', hex.slice(0, 2), hex);
    await writeFile(file, 'prec');
    assert.equal(await put(store, bytes), digest);
    assert.deepEqual(await readFile(file), bytes);
  });

  test('stream() tells of a blob that was cut short', async (context) => {
    const path = await temporaryFolder(context);
    await using store = await openFolderBlobStore({ path });
    const digest = await put(store, Buffer.alloc(500_000));
    const hex = digest.slice('sha256:'.length);
    await using reader = await store.open(digest);
    assert.ok(reader);
    await truncate(join(path, 'blobs', 'sha256', hex.slice(0, 2), hex), 300_000);
    await assert.rejects(
      async () => {
        for await (const _ of reader.stream());
      },
      { code: 'BLOB_CORRUPT' },
    );
  });

  test('list() passes over what is no blob', async (context) => {
    const path = await temporaryFolder(context);
    await using store = await openFolderBlobStore({ path });
    const digest = await put(store, Buffer.from('blob'));
    await writeFile(join(path, 'blobs', 'sha256', '00', 'README'), 'not a blob');
    await writeFile(join(path, 'blobs', 'sha256', '00', digest.slice(7)), 'in the wrong folder');
    await mkdir(join(path, 'blobs', 'lost+found'));
    const found = [];
    for await (const blob of store.list()) found.push(blob);
    assert.deepEqual(found, [{ digest, size: 4 }]);
  });

  test('a staging file that is a link is not followed', async (context) => {
    const path = await temporaryFolder(context);
    await using store = await openFolderBlobStore({ path });
    const sentinel = join(path, 'sentinel');
    await writeFile(sentinel, 'untouched');
    await symlink(sentinel, join(path, 'staging', 'link'));
    await assert.rejects(store.resumeIngest('link'));
    assert.equal(await readFile(sentinel, 'utf8'), 'untouched');
  });

  test('every step is told of, in order', async (context) => {
    const path = await temporaryFolder(context);
    const steps: string[] = [];
    await using store = await openFolderBlobStore({ path, onStep: (step) => steps.push(step) });
    await put(store, Buffer.from('blob'));
    assert.deepEqual(steps, CONTENT_STEPS);
  });

  test('a full disk gives DISK_FULL, keeps what fits, and goes on when there is space', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('needs root: it mounts a small file system');
    const path = await temporaryFolder(context);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,nr_inodes=2048', 'berth-test', path]);
    try {
      await using store = await openFolderBlobStore({ path });
      await writeFile(join(path, 'filler'), Buffer.alloc(2 * 1024 * 1024));
      const bytes = Buffer.alloc(2_500_000, 'full disk');
      const ingest = await store.startIngest('large');
      async function* body(from: number): AsyncGenerator<Uint8Array> {
        for (let at = from; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
      }
      await assert.rejects(ingest.write(body(0)), (error: Error & { code: string; hint: string }) => {
        assert.equal(error.code, 'DISK_FULL');
        assert.match(error.message, /ENOSPC, \d+ bytes free/);
        assert.ok(error.hint);
        return true;
      });
      assert.ok(ingest.offset > 100_000 && ingest.offset < bytes.length);
      await rm(join(path, 'filler'));
      await ingest.write(body(ingest.offset));
      await ingest.commit({ digest: digestBytes(bytes), size: bytes.length });
    } finally {
      await run('umount', [path]);
    }
  });
});
