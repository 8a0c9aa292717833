import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf } from './status-facts.ts';

test('factsOf() says what aufs was mounted by where that is not aufs', () => {
  assert.deepEqual(factsOf([['Mounted By', 'fuse-overlayfs']]), { note: 'fuse-overlayfs' });
  assert.deepEqual(factsOf([['Mounted By', 'aufs']]), {});
  assert.deepEqual(factsOf([]), {});
});

test('factsOf() says whether a pool lies in files, and how large its blocks are', () => {
  const blocks = (size: string) => factsOf([['Pool Blocksize', size]]).poolBlockBytes;
  const inFiles = factsOf([
    ['Pool Blocksize', '65.54kB'],
    ['Data loop file', '/folder/data'],
  ]);
  assert.deepEqual(inFiles, { note: 'pool-in-files', poolBlockBytes: 64 * 1024 });
  assert.deepEqual(factsOf([['Pool Blocksize', '65.54kB']]), { poolBlockBytes: 64 * 1024 });
  assert.equal(blocks('131.1kB'), 128 * 1024);
  assert.equal(blocks('67.11MB'), 64 * 1024 ** 2);
  assert.equal(blocks('1.074GB') === undefined, false);
  for (const wrong of ['', '0B', '12 blocks', '65.54']) assert.equal(blocks(wrong), undefined, wrong);
});
