import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { mountFileSystem, syncFileSystemAsync, unmount } from '@berth/linux';
import { type DiffID, digestBytes } from '@berth/oci';
import { slowly, tarOf } from '../testing/layer-tars.ts';
import { LoopFileSystem, whyNoLoop } from '../testing/loop-file-system.ts';
import { Scratch } from '../testing/scratch.ts';
import { DiskSync } from './disk-sync.ts';
import { openLayerStore } from './open-layer-store.ts';

const MB = 1024 * 1024;

/** A file system that says it is larger than the memory its blocks go to: what is written beyond is lost on the way to the disk. */
async function lossyFileSystem(t: TestContext): Promise<string> {
  const stack = new AsyncDisposableStack();
  t.after(() => stack.disposeAsync());
  const folder = join(stack.use(await Scratch.make()).path, 'memory');
  mkdirSync(folder);
  mountFileSystem(folder, { type: 'tmpfs', data: 'size=24m' });
  stack.defer(() => unmount(folder, { detach: true }));
  const mkfsArguments = ['-O', '^has_journal', '-E', 'lazy_itable_init=0', '-m', '0'];
  return stack.use(new LoopFileSystem({ type: 'ext4', folder, sizeBytes: 96 * MB, mkfsArguments })).path;
}

const skip = whyNoLoop('ext4');

suite('a disk that loses what was written', { skip }, () => {
  test('DiskSync is told, although somebody else was told before; what is opened later is not', async (t) => {
    const path = await lossyFileSystem(t);
    await using before = new DiskSync([path]);
    await before.sync();
    writeFileSync(join(path, 'large'), Buffer.alloc(48 * MB, 1));
    await assert.rejects(syncFileSystemAsync(path), { code: 'EIO' });
    await using later = new DiskSync([path]);
    await later.sync();
    await assert.rejects(before.sync(), { code: 'EIO' });
    await assert.rejects(before.sync(), { code: 'EIO' });
  });

  test('DiskSync keeps what its look ahead was told', async (t) => {
    const path = await lossyFileSystem(t);
    const disk = new DiskSync([path]);
    writeFileSync(join(path, 'large'), Buffer.alloc(48 * MB, 1));
    disk.ahead(1);
    disk.ahead(48 * MB);
    disk.ahead(48 * MB);
    await assert.rejects(disk.sync(), { code: 'EIO' });
    await disk[Symbol.asyncDispose]();
    await disk[Symbol.asyncDispose]();
  });

  test('a layer whose bytes were lost is not there, whoever heard of it first', async (t) => {
    const path = await lossyFileSystem(t);
    await using store = await openLayerStore({ root: path, driver: 'vfs' });
    const tar = await tarOf({ large: 'x'.repeat(48 * MB), end: '' });
    const diffID = digestBytes(tar) as DiffID;
    async function* open(): AsyncGenerator<Uint8Array> {
      yield* slowly(tar.subarray(0, -1024));
      await syncFileSystemAsync(path).catch(() => undefined);
      yield tar.subarray(-1024);
    }
    await assert.rejects(store.apply({ layers: [{ diffID, open }] }));
    assert.equal((await store.usage()).layers.length, 0);
  });
});
