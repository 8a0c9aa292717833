import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { makeNode, setTimes, setXattr } from '@berth/linux';
import { pathToBytes } from '@berth/oci';
import { listTree } from '../../testing/tree-listing.ts';
import type { DriverBench } from './driver-bench.ts';

/** graphtest CreateBase: owner, group and the special bits. */
function makeBase(root: string): void {
  mkdirSync(`${root}/a subdir`);
  chownSync(`${root}/a subdir`, 1, 2);
  chmodSync(`${root}/a subdir`, 0o1705);
  writeFileSync(`${root}/a file`, 'Some data');
  chownSync(`${root}/a file`, 5, 6);
  chmodSync(`${root}/a file`, 0o4222);
}

/** One of everything that a layer can hold. */
function makeOneOfEach(root: string): void {
  makeBase(root);
  mkdirSync(`${root}/links`);
  writeFileSync(`${root}/links/one`, 'shared');
  linkSync(`${root}/links/one`, `${root}/links/two`);
  symlinkSync('/etc/passwd', `${root}/links/absolute`);
  symlinkSync('nowhere/at/all', `${root}/links/dangling`);
  lchownSync(`${root}/links/dangling`, 7, 8);
  linkSync(`${root}/links/dangling`, `${root}/links/dangling-too`);
  makeNode(`${root}/fifo`, { type: 'fifo', mode: 0o640 });
  makeNode(`${root}/null`, { type: 'char', mode: 0o666, major: 1, minor: 3 });
  makeNode(`${root}/disk`, { type: 'block', mode: 0o660, major: 7, minor: 4095 });
  writeFileSync(`${root}/large-owner`, '');
  chownSync(`${root}/large-owner`, 4_294_967_294, 2_200_000);
  writeFileSync(`${root}/capable`, 'x');
  // cap_net_bind_service=ep, as setcap writes it.
  setXattr(
    `${root}/capable`,
    'security.capability',
    Buffer.from('0100000200040000000000000000000000000000', 'hex'),
  );
  setXattr(`${root}/capable`, 'user.note', Buffer.from('read me'));
  mkdirSync(`${root}/names`);
  writeFileSync(pathToBytes(`${root}/names/${'n'.repeat(255)}`), '1');
  writeFileSync(pathToBytes(`${root}/names/\udcff\udcfe not utf-8`), '2');
  writeFileSync(`${root}/names/new\nline`, '3');
  writeFileSync(`${root}/names/back\\slash:colon,comma`, '4');
  writeFileSync(`${root}/names/泊位`, '5');
  for (const [name, mtime] of [
    ['old', -86_400_000_000_001n],
    ['nanoseconds', 1_700_000_000_123_456_789n],
  ] as const) {
    writeFileSync(`${root}/${name}`, name);
    setTimes(`${root}/${name}`, { mtime });
  }
  setTimes(`${root}/links/absolute`, { mtime: 1_600_000_000_000_000_001n });
  setTimes(`${root}/links`, { mtime: 1_600_000_000_000_000_002n });
}

/** What a layer can hold comes back as it was, in the layer and in every layer on it. */
export function contentCases(bench: DriverBench): void {
  bench.test('a layer keeps modes, owners and special bits, and its child shows them', async (given) => {
    const base = await given.layer(undefined, makeBase);
    const expected = ['"" directory 0755 0:0', '"a file" file 9 ', '"a subdir" directory 1705 1:2'];
    const child = await given.layer(base);
    for (const key of [base, child]) {
      const lines = await given.list(key);
      assert.deepEqual(
        lines.map((line) => line.replace(/(file 9 ).*/, '$1')),
        expected,
      );
      assert.match(lines[1] ?? '', /4222 5:6$/);
    }
  });

  bench.test('a layer keeps links, devices, xattrs, odd names and times to the nanosecond', async (given) => {
    let made: readonly string[] = [];
    const base = await given.layer(undefined, (root) => {
      makeOneOfEach(root);
      made = listTree(root, { withTimes: true });
    });
    const grandchild = await given.layer(await given.layer(base));
    for (const key of [base, grandchild]) {
      const found = await given.look(key, (root) => listTree(root, { withTimes: true }));
      // The root folder's own time is of whoever mounted it last.
      assert.deepEqual(found.slice(1), made.slice(1));
    }
  });

  bench.test('a sparse file stays sparse', async (given) => {
    const base = await given.layer(undefined, (root) => {
      const fd = openSync(`${root}/sparse`, 'wx');
      writeSync(fd, 'start', 0);
      writeSync(fd, Buffer.from('end'), 0, 3, 64 << 20);
      closeSync(fd);
      truncateSync(`${root}/sparse`, 128 << 20);
    });
    const child = await given.layer(base);
    const { size, blocks } = await given.look(child, (root) => statSync(`${root}/sparse`));
    assert.equal(size, 128 << 20);
    assert.ok(blocks * 512 < 1 << 20, `${blocks * 512} bytes on disk`);
    assert.deepEqual((await given.list(child)).slice(1), (await given.list(base)).slice(1));
  });

  bench.test('a folder of 10,000 files is whole in the child', async (given) => {
    const base = await given.layer(undefined, (root) => {
      for (let index = 0; index < 10_000; index++) writeFileSync(`${root}/file-${index}`, '');
    });
    const child = await given.layer(base, (root) => writeFileSync(`${root}/one-more`, ''));
    assert.equal((await given.list(child)).length, 10_002);
    assert.equal((await given.list(base)).length, 10_001);
  });
}
