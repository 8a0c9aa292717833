import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasCode } from '@berth/errors';
import { type FileExtent, fileExtents } from './extents.ts';
import { makeNode } from './files.ts';
import { scratchFolder } from './scratch.fixture.ts';

test('fileExtents() tells where a file lies, hole by hole, however many pieces it has', (t) => {
  const path = join(scratchFolder(t), 'file');
  const fd = openSync(path, 'wx');
  // More than one call tells of.
  for (let index = 0; index < 600; index++) writeSync(fd, Buffer.alloc(4096, 'x'), 0, 4096, index * 16_384);
  closeSync(fd);
  writeFileSync(path, 'y', { flag: 'r+', flush: true });
  let extents: FileExtent[];
  try {
    extents = [...fileExtents(path)];
  } catch (error) {
    if (hasCode(error) && error.code === 'EOPNOTSUPP') return t.skip('this file system does not tell');
    throw error;
  }
  assert.equal(extents.length, 600);
  for (const [index, { offset, length, isShared }] of extents.entries()) {
    assert.deepEqual([offset, length, isShared], [index * 16_384, 4096, false]);
  }
  assert.equal(new Set(extents.map(({ physical }) => physical)).size, 600);
  writeFileSync(`${path}-empty`, '');
  assert.deepEqual([...fileExtents(`${path}-empty`)], []);
});

test('fileExtents() refuses what is no file, opens none of it, and keeps no descriptor', async (t) => {
  const folder = scratchFolder(t);
  symlinkSync('file', join(folder, 'link'));
  makeNode(join(folder, 'fifo'), { type: 'fifo', mode: 0o600 });
  const read = (name: string) => () => fileExtents(join(folder, name)).next();
  assert.throws(read('link'), { code: 'ELOOP' });
  assert.throws(read('none'), { code: 'ENOENT' });
  assert.throws(read('fifo'), { code: 'EINVAL' });
  const server = createServer().listen(join(folder, 'socket'));
  t.after(() => server.close());
  await once(server, 'listening');
  const descriptors = readdirSync('/proc/self/fd').length;
  assert.throws(read('socket'), { code: 'EINVAL' });
  writeFileSync(join(folder, 'file'), 'x'.repeat(10_000), { flush: true });
  for (const _ of fileExtents(join(folder, 'file'))) break;
  assert.equal(readdirSync('/proc/self/fd').length, descriptors);
});
