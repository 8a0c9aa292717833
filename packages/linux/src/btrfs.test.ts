import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSubvolume, destroySubvolume, isBtrfs, isSubvolume, snapshotSubvolume } from './btrfs.ts';
import { scratchFolder } from './scratch.fixture.ts';

const NO_BTRFS = { code: /^(ENOTTY|EOPNOTSUPP|EINVAL)$/ };

/** What they do on a btrfs is tested in tests/storage, where there is one. */
test('the calls for subvolumes say where there is no btrfs, and make nothing', async (t) => {
  const folder = scratchFolder(t);
  if (isBtrfs(folder)) return t.skip('the folder for temporary files is on btrfs');
  const made = join(folder, 'made');
  mkdirSync(join(folder, 'plain'));
  await assert.rejects(createSubvolume(made), NO_BTRFS);
  await assert.rejects(snapshotSubvolume(folder, made), NO_BTRFS);
  await assert.rejects(destroySubvolume(join(folder, 'plain')), NO_BTRFS);
  assert.equal(existsSync(made), false);
  assert.equal(isSubvolume(folder), false);
});

test('paths that are not there, too long, or have a NUL', async (t) => {
  const folder = scratchFolder(t);
  await destroySubvolume(join(folder, 'none', 'none'));
  assert.equal(isSubvolume(join(folder, 'none')), false);
  await assert.rejects(createSubvolume(join(folder, 'none', 'none')), {
    code: 'ENOENT',
    message: /none\/none/,
  });
  await assert.rejects(createSubvolume(join(folder, 'n'.repeat(256))), { code: 'ENAMETOOLONG' });
  await assert.rejects(createSubvolume(`${folder}/a\0b`), { code: 'EINVAL' });
});
