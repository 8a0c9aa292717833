import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TarInput } from '@berth/oci';
import { TreeNode } from '../compare/tree-node.ts';
import type { TreeFolder } from '../interface.ts';
import { describe, listFolder, listStack } from '../testing/list-tree.ts';
import {
  collect,
  device,
  dir,
  file,
  hardLink,
  openTreeLab,
  symlink,
  type TreeLab,
  tarOf,
} from '../testing/tree-lab.ts';

const USR_MERGED = [
  dir('usr', { mode: 0o711, mtime: 11n }),
  dir('usr/lib', { mode: 0o751, uid: 3, mtime: 12n }),
  file('usr/lib/old', 'old'),
  symlink('lib', 'usr/lib'),
];

/** Unpacks layers lowest first, side by side and in order; both must give one tree. */
async function bothWays(
  lab: TreeLab,
  layers: readonly (readonly TarInput[])[],
): Promise<{ readonly stack: readonly TreeFolder[]; readonly listing: Readonly<Record<string, string>> }> {
  const tree = await lab.tree();
  const stack: TreeFolder[] = [];
  for (const layer of layers) {
    await lab.unpack(tree, layer);
    const folder = await lab.layer(layer, [...stack]);
    assert.deepEqual(
      await collect(lab.workers.rebuildTar(folder, lab.splitPath(folder))),
      await tarOf(layer),
    );
    stack.unshift(folder);
  }
  const listing = listStack(stack);
  assert.deepEqual(listing, listFolder(tree.path));
  return { stack, listing };
}

test('usrmerge, implied parent: an entry below lib lands in usr/lib', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { stack, listing } = await bothWays(lab, [
    USR_MERGED,
    [file('lib/x', 'new'), file('lib/deep/y', 'new')],
  ]);
  assert.deepEqual(listing, {
    lib: 'symlink 0:0 @0 -> usr/lib',
    usr: 'directory 711 0:0 @11',
    'usr/lib': 'directory 751 3:0 @12',
    'usr/lib/deep': 'directory 755 0:0 @0',
    'usr/lib/deep/y': 'file 644 0:0 @0 3 11507a0e',
    'usr/lib/old': 'file 644 0:0 @0 3 cba06b57',
    'usr/lib/x': 'file 644 0:0 @0 3 11507a0e',
  });
  assert.deepEqual(Object.keys(listFolder(stack[0]?.path ?? '')), [
    'usr',
    'usr/lib',
    'usr/lib/deep',
    'usr/lib/deep/y',
    'usr/lib/x',
  ]);
});

test('usrmerge: absolute and relative links over several layers, and links of links', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [
    [...USR_MERGED, symlink('abs', '/usr/../lib'), symlink('up', '../../abs/.')],
    [file('abs/one', '1')],
    [file('up/two', '2'), file('usr/lib/three', '3')],
    [symlink('own', 'abs'), file('own/four', '4')],
  ]);
  const found = Object.keys(listing).filter((path) => path.startsWith('usr/lib/'));
  assert.deepEqual(
    found,
    ['four', 'old', 'one', 'three', 'two'].map((name) => `usr/lib/${name}`),
  );
});

test('usrmerge: a whiteout below lib hides what is in usr/lib', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [USR_MERGED, [file('lib/.wh.old')]]);
  assert.deepEqual(Object.keys(listing), ['lib', 'usr', 'usr/lib']);
});

test('usrmerge: an entry for lib itself replaces the symlink, as it does in order', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [USR_MERGED, [dir('lib', { mtime: 5n }), file('lib/x', 'new')]]);
  assert.equal(listing.lib, 'directory 755 0:0 @5');
  assert.ok('usr/lib/old' in listing && !('usr/lib/x' in listing));
});

test('usrmerge: a layer that names one place in two ways is refused, and merged where that is one tree', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const base = await lab.layer(USR_MERGED);
  const twice = [file('lib/x', '1'), file('usr/lib/x', '2')];
  await assert.rejects(lab.layer(twice, [base]), { code: 'LAYER_REFUSED', message: /"usr\/lib\/x" too/ });
  await bothWays(lab, [USR_MERGED, [file('usr/lib/m/1', '1'), file('lib/m/2', '2')]]);
});

test('implied directories take the attributes of the directory below, the root too', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const xattrs = new Map([['user.k', Buffer.from('v')]]);
  const base = [dir('./', { mode: 0o711, uid: 9 }), dir('tmp', { mode: 0o1777, gid: 7, mtime: 6n, xattrs })];
  const { stack, listing } = await bothWays(lab, [base, [file('tmp/x')], [file('tmp/y')]]);
  assert.equal(listing.tmp, 'directory 1777 0:7 @6 user.k=76');
  for (const { path } of stack) {
    const node = TreeNode.read(path);
    assert.equal(node && describe(node, false), 'directory 711 9:0');
  }
});

test('implied directories that a layer between hid are new ones', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [
    [dir('a', { mode: 0o700, mtime: 4n }), file('a/old')],
    [file('.wh.a')],
    [file('a/new')],
    [file('.wh.a'), file('a/newer')],
  ]);
  assert.deepEqual(Object.keys(listing), ['a', 'a/newer']);
  assert.equal(listing.a, 'directory 755 0:0 @0');
});

test('whiteouts of what never was make no directory', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [
    [file('a', 'x')],
    [file('no/where/.wh.x'), file('no/.wh..wh..opq'), file('.wh.gone')],
    [file('.wh.a'), file('b/.wh.c'), file('.wh.b')],
  ]);
  assert.deepEqual(listing, {});
});

test('an opaque root hides all below, an opaque directory what was in it', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [
    [dir('d', { mode: 0o700, mtime: 2n }), file('d/old'), file('f'), dir('e'), file('e/old')],
    [file('d/.wh..wh..opq'), file('d/new', 'x')],
    [file('e/new'), file('.wh..wh..opq'), file('g')],
  ]);
  assert.deepEqual(Object.keys(listing), ['e', 'e/new', 'g']);
});

test('a hard link to a file of the layers below copies it up and links it', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const xattrs = new Map([['user.k', Buffer.from('v')]]);
  const base = [
    dir('bin', { mode: 0o711, mtime: 3n }),
    file('bin/sh', 'shell', { mode: 0o4755, uid: 2, mtime: 4n, xattrs }),
    symlink('sl', 'nowhere'),
    device('dev', 1, 3),
    symlink('b', 'bin'),
  ];
  const { stack, listing } = await bothWays(lab, [
    base,
    [
      hardLink('bash', 'bin/sh'),
      hardLink('b/dash', '/b/sh'),
      hardLink('third', 'bash'),
      hardLink('sl2', 'sl'),
      hardLink('dev2', 'dev'),
    ],
  ]);
  assert.equal(listing['bin/sh'], 'link to bash');
  assert.equal(listing.third, 'link to bash');
  assert.equal(listing.bash, 'file 4755 2:0 @4 5 ce635c4e user.k=76');
  assert.equal(listing.bin, 'directory 711 0:0 @3');
  assert.equal(statSync(join(stack[0]?.path ?? '', 'bash')).nlink, 4);
});

test('a hard link keeps what it named when the layer replaces that afterwards', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [
    [file('a', 'old', { mtime: 1n }), file('c', 'gone', { mtime: 2n })],
    [hardLink('b', 'a'), file('a', 'new', { mtime: 3n }), hardLink('d', 'c'), file('.wh.c')],
  ]);
  assert.deepEqual(listing, {
    a: 'file 644 0:0 @3 3 11507a0e',
    b: 'file 644 0:0 @1 3 cba06b57',
    d: 'file 644 0:0 @2 4 283bb9de',
  });
});

test('a hard link to what no layer has, or to a directory, is refused', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const base = await lab.layer([dir('d'), file('f')]);
  for (const target of ['none', 'd', 'd/none', 'f/none']) {
    const layer = [hardLink('h', target)];
    await assert.rejects(lab.layer(layer, [base]), { code: 'LAYER_REFUSED' }, target);
    const tree = await lab.tree();
    await lab.unpack(tree, [dir('d'), file('f')]);
    await assert.rejects(lab.unpack(tree, layer), { code: 'LAYER_REFUSED' }, target);
  }
});

test('an entry below a file of the layers below is refused in both forms', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const base = await lab.layer([file('f')]);
  await assert.rejects(lab.layer([file('f/x')], [base]), { code: 'LAYER_REFUSED' });
  const tree = await lab.tree();
  await lab.unpack(tree, [file('f')]);
  await assert.rejects(lab.unpack(tree, [file('f/x')]), { code: 'LAYER_REFUSED' });
});

test('settle() of hostile layers follows no symlink out of them', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const { listing } = await bothWays(lab, [
    [symlink('out', '/etc'), symlink('up', '../../../../../../etc'), symlink('self', '/proc/self/root')],
    [file('out/passwd', 'mine'), file('up/shadow', 'mine'), file('self/x', 'mine'), file('out/.wh.hostname')],
  ]);
  const files = Object.keys(listing).filter((path) => listing[path]?.startsWith('file'));
  assert.deepEqual(files, ['etc/passwd', 'etc/shadow', 'proc/self/root/x']);
});
