import assert from 'node:assert/strict';
import { closeSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasCode } from '@berth/errors';
import { type FileExtent, fileExtents } from './extents.ts';
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
    extents = fileExtents(path);
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
  assert.deepEqual(fileExtents(`${path}-empty`), []);
});

test('fileExtents() refuses a symlink and what is not there', (t) => {
  const folder = scratchFolder(t);
  symlinkSync('file', join(folder, 'link'));
  assert.throws(() => fileExtents(join(folder, 'link')), { code: 'ELOOP' });
  assert.throws(() => fileExtents(join(folder, 'none')), { code: 'ENOENT' });
});
