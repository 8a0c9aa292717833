import assert from 'node:assert/strict';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { hasCode } from '@berth/errors';
import { expandSparse } from './sparse.ts';
import { readAllEntries } from './testing/raw-tar.ts';

/** Sample archives of Go's archive/tar, the reader inside Docker, podman and skopeo. */
const folder = vectors();
const skip = folder === undefined ? 'Go with its sources is not here' : false;

function vectors(): string | undefined {
  const go = (process.env.PATH ?? '')
    .split(':')
    .map((part) => path.join(part, 'go'))
    .find((file) => existsSync(file));
  if (go === undefined) return undefined;
  const found = path.resolve(path.dirname(realpathSync(go)), '../src/archive/tar/testdata');
  return existsSync(found) ? found : undefined;
}

const READ: Readonly<Record<string, readonly string[]>> = {
  'gnu.tar': ['small.txt', 'small2.txt'],
  'hardlink.tar': ['file.txt', 'hard.txt'],
  'nil-uid.tar': ['P1050238.JPG.log'],
  'gnu-not-utf8.tar': ['hi\udc80\udc81\udc82\udc83bye'],
  'pax-records.tar': ['file'],
  'sparse-formats.tar': ['sparse-gnu', 'sparse-posix-0.0', 'sparse-posix-0.1', 'sparse-posix-1.0', 'end'],
  'star.tar': ['small.txt', 'small2.txt'],
  'trailing-slash.tar': ['123456789/'.repeat(30)],
  'v7.tar': ['small.txt', 'small2.txt'],
  'xattrs.tar': ['small.txt', 'small2.txt'],
};

/** Where Go takes the last of two, cuts a name at NUL, or believes no size: two readers would see two archives. */
const REFUSED = [
  'gnu-long-nul.tar',
  'gnu-multi-hdrs.tar',
  'hdr-only.tar',
  'issue10968.tar',
  'issue11169.tar',
  'issue12435.tar',
  'neg-size.tar',
  'pax-bad-hdr-file.tar',
  'pax-bad-mtime-file.tar',
  'pax-global-records.tar',
  'pax-multi-hdrs.tar',
  'pax-nul-path.tar',
  'pax-nul-xattrs.tar',
  'writer-big.tar',
];

for (const [name, expected] of Object.entries(READ)) {
  test(`readTar() reads ${name} of Go`, { skip }, async (context) => {
    const file = path.join(folder ?? '', name);
    if (!existsSync(file)) return context.skip('this version of Go has no such file');
    const entries = await readAllEntries(readFileSync(file), { expand: expandSparse, allowMissingEnd: true });
    assert.deepEqual(
      entries.map(({ entry }) => entry.path),
      expected,
    );
    for (const { entry, content } of entries) assert.equal(content.length, entry.size);
    const sparse = entries.filter(({ entry }) => entry.path.startsWith('sparse-'));
    for (const { content } of sparse) assert.deepEqual(content, sparse[0]?.content);
  });
}

test("readTar() refuses Go's damaged and ambiguous archives", { skip }, async () => {
  for (const name of REFUSED) {
    const file = path.join(folder ?? '', name);
    if (!existsSync(file)) continue;
    await assert.rejects(readAllEntries(readFileSync(file), { allowMissingEnd: true }), (error) => {
      assert.ok(hasCode(error) && error.code === 'TAR_INVALID', `${name}: ${error}`);
      return true;
    });
  }
});
