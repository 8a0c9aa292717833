import assert from 'node:assert/strict';
import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeAll } from './write-all.ts';

/** A file on a disk that takes at most so many bytes at once, and so many altogether. */
function onSmallDisk(options: { readonly atOnce: number; readonly inAll: number }) {
  const taken: Uint8Array[] = [];
  let left = options.inAll;
  const write = async (bytes: Uint8Array, offset: number, length: number) => {
    if (left === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const bytesWritten = Math.min(length, options.atOnce, left);
    left -= bytesWritten;
    taken.push(bytes.slice(offset, offset + bytesWritten));
    return { bytesWritten, buffer: bytes };
  };
  return { handle: { write } as unknown as FileHandle, taken: () => Buffer.concat(taken).toString() };
}

test('writeAll() goes on where the disk took only a part', async () => {
  for (const atOnce of [1, 3, 10, 11]) {
    const { handle, taken } = onSmallDisk({ atOnce, inAll: 100 });
    await writeAll(handle, Buffer.from('0123456789'));
    await writeAll(handle, Buffer.alloc(0));
    await writeAll(handle, Buffer.from('abc').subarray(1));
    assert.equal(taken(), '0123456789bc');
  }
});

test('writeAll() says that the disk is full when it is, after what it took', async () => {
  const { handle, taken } = onSmallDisk({ atOnce: 4, inAll: 6 });
  await assert.rejects(writeAll(handle, Buffer.from('0123456789')), { code: 'ENOSPC' });
  assert.equal(taken(), '012345');
});

test('writeAll() appends', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-write-all-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  await using handle = await open(path, 'wx');
  const large = Buffer.alloc(3_000_000, 'a large one ');
  for (const bytes of [Buffer.from('first '), large, Buffer.from(' last')]) await writeAll(handle, bytes);
  assert.equal(await readFile(path, 'utf8'), `first ${large} last`);
});
