import assert from 'node:assert/strict';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { hasCode } from '@berth/errors';
import { getXattr, mountFileSystem, unmount } from '@berth/linux';
import { makeTarEntry, pathToBytes } from '@berth/oci';
import { seededBytes } from '@berth/oci/testing';
import { TreeNode } from '../compare/tree-node.ts';
import { describe, listFolder, listStack } from '../testing/list-tree.ts';
import { rawTar } from '../testing/raw-tar.ts';
import {
  device,
  dir,
  file,
  hardLink,
  openTreeLab,
  sha256,
  symlink,
  tarOf,
  textOf,
} from '../testing/tree-lab.ts';

const SECOND = 1_000_000_000n;

test('unpack() makes every kind of entry with all its attributes', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const mtime = 1_700_000_000n * SECOND + 123_456_789n;
  const layer = [
    dir('etc', { mode: 0o1711, uid: 5, gid: 6, mtime }),
    file('etc/passwd', 'root', { mode: 0o4755, uid: 1000, gid: 2 ** 32 - 2, mtime: -5n }),
    file('etc/cap', 'x', { xattrs: new Map([['user.k', Buffer.from('v')]]) }),
    symlink('etc/link', '/nowhere', { uid: 7, gid: 8, mtime }),
    hardLink('etc/hard', 'etc/passwd'),
    device('null', 1, 3, { mode: 0o666 }),
    { entry: makeTarEntry({ type: 'block', path: 'sda', devMajor: 8, devMinor: 300, mode: 0o660 }) },
    { entry: makeTarEntry({ type: 'fifo', path: 'pipe', mode: 0o622 }) },
  ];
  const tar = await tarOf(layer);
  const unpacked = await lab.unpack(folder, tar);
  assert.deepEqual(unpacked, {
    diffID: sha256(tar),
    tarSizeBytes: tar.length,
    sizeBytes: 5,
    entries: 8,
    settle: { impliedDirectories: [''], foreignLinks: [] },
  });
  assert.deepEqual(listFolder(folder.path), {
    etc: `directory 1711 5:6 @${mtime}`,
    'etc/cap': 'file 644 0:0 @0 1 2d711642 user.k=76',
    'etc/hard': 'file 4755 1000:4294967294 @-5 4 4813494d',
    'etc/link': `symlink 7:8 @${mtime} -> /nowhere`,
    'etc/passwd': 'link to etc/hard',
    null: 'char 666 0:0 @0 1:3',
    pipe: 'fifo 622 0:0 @0',
    sda: 'block 660 0:0 @0 8:300',
  });
});

test('unpack() reads gzip and zstd by their first bytes', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const tar = await tarOf([file('a', 'x'.repeat(300_000))]);
  for (const bytes of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
    const folder = await lab.changes();
    const seen: number[] = [];
    const unpacked = await lab.unpack(folder, bytes, { onProgress: (done) => seen.push(done) });
    assert.equal(unpacked.diffID, sha256(tar));
    assert.equal(seen.at(-1), bytes.length);
    assert.equal((await textOf(folder, 'a')).length, 300_000);
  }
});

test('unpack() hashes what follows the end of the archive', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const tar = Buffer.concat([await tarOf([file('a', 'x')]), Buffer.alloc(200_000)]);
  const unpacked = await lab.unpack(await lab.changes(), tar);
  assert.deepEqual([unpacked.diffID, unpacked.tarSizeBytes], [sha256(tar), tar.length]);
});

test('unpack() keeps names that are long, not UTF-8 or have a newline', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const names = ['n'.repeat(255), 'a\udcff\udc80', 'new\nline', 'back\\slash', 'ü'];
  const deep = names.join('/');
  await lab.unpack(folder, [
    ...names.map((name) => file(name, name)),
    file(`d/${deep}`, 'deep'),
    symlink('l', 'a\udcff'),
  ]);
  for (const name of names) {
    const bytes = readFileSync(Buffer.concat([Buffer.from(`${folder.path}/`), pathToBytes(name)]));
    assert.equal(bytes.length, Buffer.from(name).length);
  }
  const listing = listFolder(folder.path);
  assert.match(listing[`d/${deep}`] ?? '', /^file 644/);
  assert.match(listing.l ?? '', /-> a\udcff$/);
});

test('unpack() keeps sparse files sparse', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  // GNU notation 1.0 by hand: two runs of a file of 1 GiB.
  const size = 2 ** 30;
  const map = Buffer.alloc(512);
  map.write(`3\n0\n5\n536870912\n3\n${size}\n0\n`);
  const record = (key: string, value: string) => {
    const body = ` ${key}=${value}\n`;
    const length = body.length + 2;
    return `${length}${body}`;
  };
  const pax = record('GNU.sparse.major', '1') + record('GNU.sparse.minor', '0');
  const real = record('GNU.sparse.name', 'sparse') + record('GNU.sparse.realsize', String(size));
  const tar = rawTar([
    { type: 'x', name: 'pax', content: Buffer.from(pax + real) },
    { type: '0', name: 'stored', content: Buffer.concat([map, Buffer.from('HELLOend')]) },
  ]);
  const unpacked = await lab.unpack(folder, tar);
  const stat = lstatSync(join(folder.path, 'sparse'));
  assert.equal(unpacked.sizeBytes, size);
  assert.equal(stat.size, size);
  assert.ok(stat.blocks <= 32, `${stat.blocks} blocks`);
});

test('unpack() strips slashes and dots, and makes parents that have no entry', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const { settle } = await lab.unpack(folder, [
    file('/abs/./x//y', '1'),
    file('./abs/z/../w', '2'),
    dir('./abs/x', { mode: 0o700, mtime: 5n }),
  ]);
  assert.deepEqual(Object.keys(listFolder(folder.path)), ['abs', 'abs/w', 'abs/x', 'abs/x/y']);
  assert.deepEqual(settle.impliedDirectories, ['', 'abs']);
  const node = TreeNode.read(join(folder.path, 'abs'));
  assert.equal(node && describe(node), 'directory 755 0:0 @0');
});

test('unpack() gives the root its entry, if that is a directory', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const { settle } = await lab.unpack(folder, [dir('./', { mode: 0o711, uid: 3, mtime: 7n }), file('x')]);
  assert.deepEqual(settle.impliedDirectories, []);
  const node = TreeNode.read(folder.path);
  assert.equal(node && describe(node), 'directory 711 3:0 @7');
});

test('unpack() replaces what it unpacked before, and merges directories', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const folder of [await lab.changes(), await lab.changes('aufs'), await lab.tree()]) {
    await lab.unpack(folder, [
      file('a', 'one'),
      file('a', 'two'),
      dir('d', { mode: 0o700, xattrs: new Map([['user.gone', Buffer.from('1')]]) }),
      file('d/x', 'kept'),
      dir('d', { mode: 0o750, uid: 4, mtime: 9n }),
      dir('e'),
      file('e/x', 'gone'),
      file('e', 'a file now'),
      symlink('f', 'd'),
      dir('f', { mtime: 3n }),
      file('f/y', 'real'),
    ]);
    assert.deepEqual(
      Object.fromEntries(Object.entries(listFolder(folder.path)).filter(([path]) => !path.includes('.wh.'))),
      {
        a: 'file 644 0:0 @0 3 3fc4ccfe',
        d: 'directory 750 4:0 @9',
        'd/x': 'file 644 0:0 @0 4 79f076ab',
        e: 'file 644 0:0 @0 10 e4ce4ce1',
        f: 'directory 755 0:0 @3',
        'f/y': 'file 644 0:0 @0 4 aa33996d',
      },
      folder.form,
    );
  }
});

test('unpack() hides by the notation of the folder', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const layer = [file('d/.wh.x'), file('o/.wh..wh..opq'), file('o/y'), file('.wh..wh.orph/z', 'private')];
  const overlay = await lab.changes();
  await lab.unpack(overlay, layer);
  assert.deepEqual(
    Object.entries(listFolder(overlay.path, { withTimes: false })).map(
      ([path, what]) => `${path} ${what.split(' ')[0]}`,
    ),
    ['d directory', 'd/x char', 'o directory', 'o/y file'],
  );
  assert.equal(getXattr(join(overlay.path, 'o'), 'trusted.overlay.opaque')?.toString(), 'y');
  const aufs = await lab.changes('aufs');
  await lab.unpack(aufs, layer);
  assert.deepEqual(Object.keys(listFolder(aufs.path)), ['d', 'd/.wh.x', 'o', 'o/.wh..wh..opq', 'o/y']);
});

test('unpack() lets a whiteout hide the layers below and never its own, in any order', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const layer of [
    [file('.wh.f'), file('f', 'new'), file('.wh.d'), dir('d'), file('d/x', 'new')],
    [file('f', 'new'), file('.wh.f'), dir('d'), file('d/x', 'new'), file('.wh.d')],
  ]) {
    const lower = await lab.layer([file('f', 'old'), dir('d'), file('d/old', 'old')]);
    const upper = await lab.layer(layer, [lower]);
    const stacked = listStack([upper, lower]);
    const tree = await lab.tree();
    await lab.unpack(tree, [file('f', 'old'), dir('d'), file('d/old', 'old')]);
    await lab.unpack(tree, layer);
    assert.deepEqual(Object.keys(stacked), ['d', 'd/x', 'f']);
    assert.deepEqual(listFolder(tree.path), stacked);
  }
});

test('unpack() keeps hard links to symlinks, and copies when a file has too many names', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  await lab.unpack(folder, [
    symlink('s', '/etc/passwd'),
    hardLink('t', '/s'),
    file('a', 'x'),
    hardLink('b/c', '/a'),
  ]);
  const listing = listFolder(folder.path);
  assert.match(listing.s ?? '', /^symlink/);
  assert.equal(listing.t, 'link to s');
  assert.equal(listing['b/c'], 'link to a');
});

test('unpack() reads the hard links of layers that aufs made', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const tar = await tarOf([
    dir('.wh..wh.plnk'),
    file('.wh..wh.plnk/12.34', 'text', { mode: 0o600 }),
    hardLink('a', '.wh..wh.plnk/12.34'),
    hardLink('b', '.wh..wh.plnk/12.34'),
  ]);
  await lab.unpack(folder, tar);
  assert.deepEqual(listFolder(folder.path), { a: 'file 600 0:0 @0 4 982d9e3e', b: 'link to a' });
});

test('unpack() lets directories give nothing of theirs to what lies in them', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  // Version 2; user:: rwx, group:: rwx, mask rwx, other rwx: see acl(5) and linux/posix_acl_xattr.h.
  const acl = Buffer.from('0200000001000700ffffffff04000700ffffffff10000700ffffffff20000700ffffffff', 'hex');
  const xattrs = new Map([['system.posix_acl_default', acl]]);
  const layer = [
    dir('group', { mode: 0o2755, gid: 50, mtime: 1n }),
    file('group/x', '', { mtime: 1n }),
    dir('group/sub', { mode: 0o755, mtime: 1n }),
    file('group/implied/y', '', { mtime: 1n }),
    dir('acl', { xattrs, mtime: 1n }),
    file('acl/x', '', { mode: 0o640, mtime: 1n }),
    dir('acl/sub', { mtime: 1n }),
  ];
  for (const folder of [await lab.changes(), await lab.tree()]) {
    await lab.unpack(folder, layer);
    assert.deepEqual(listFolder(folder.path), {
      acl: `directory 755 0:0 @1 system.posix_acl_default=${acl.toString('hex')}`,
      'acl/sub': 'directory 755 0:0 @1',
      'acl/x': 'file 640 0:0 @1 0 e3b0c442',
      group: 'directory 2755 0:50 @1',
      'group/implied': 'directory 755 0:0 @0',
      'group/implied/y': 'file 644 0:0 @1 0 e3b0c442',
      'group/sub': 'directory 755 0:0 @1',
      'group/x': 'file 644 0:0 @1 0 e3b0c442',
    });
  }
  // In a tree whose directories are those of the layers below.
  const tree = await lab.tree();
  await lab.unpack(tree, layer);
  await lab.unpack(tree, [file('acl/new', '', { mtime: 1n }), file('group/deep/new', '', { mtime: 1n })]);
  const listing = listFolder(tree.path);
  assert.equal(listing['acl/new'], 'file 644 0:0 @1 0 e3b0c442');
  assert.equal(listing['group/deep'], 'directory 755 0:0 @0');
  assert.equal(listing['group/deep/new'], 'file 644 0:0 @1 0 e3b0c442');
});

test('unpack() on a full disk says so, and the worker goes on', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const disks = [
    {
      data: 'size=2m',
      layer: [file('a', Buffer.alloc(4_000_000, 1))],
      message: /the disk is full \(ENOSPC, \d+ bytes are free\)/,
    },
    {
      data: 'nr_inodes=20',
      layer: Array.from({ length: 40 }, (_, at) => file(`f${at}`)),
      message: /no inode is free/,
    },
  ];
  for (const { data, layer, message } of disks) {
    const small = await lab.changes();
    mountFileSystem(small.path, { type: 'tmpfs', data });
    lab.defer(() => unmount(small.path, { detach: true }));
    const full = await lab.unpack(small, layer, { tarSplitPath: join(lab.root, 'split') }).then(
      () => assert.fail('there was room'),
      (error: unknown) => error,
    );
    assert.ok(hasCode(full) && full.code === 'DISK_FULL', String(full));
    assert.match(full.message, message);
    // The tar-split file too.
    const split = { tarSplitPath: join(small.path, 'split') };
    await assert.rejects(
      lab.unpack(await lab.changes(), [file('.wh.x', seededBytes('x', 4_000_000))], split),
      {
        code: 'DISK_FULL',
      },
    );
    const { entries } = await lab.unpack(await lab.changes(), layer);
    assert.equal(entries, layer.length);
  }
});
