import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { mountOverlay, setTimes, setXattr, unmount } from '@berth/linux';
import { readTar, type TarEntry } from '@berth/oci';
import type { TreeDifference, TreeFolder } from '../interface.ts';
import { listFolder, listStack } from '../testing/list-tree.ts';
import {
  collect,
  device,
  dir,
  file,
  hardLink,
  openTreeLab,
  sha256,
  symlink,
  type TreeLab,
} from '../testing/tree-lab.ts';

const BASE = [
  dir('etc', { mtime: 5n }),
  file('etc/passwd', 'root', { mtime: 6n }),
  file('etc/group', 'wheel', { mode: 0o600, mtime: 7n }),
  dir('var/lib/old', { mtime: 8n }),
  file('var/lib/old/a', 'a'),
  file('var/lib/old/b', 'b'),
  symlink('link', 'etc', { mtime: 9n }),
  file('one', 'two names', { mtime: 10n }),
  hardLink('two', 'one'),
];

interface Container {
  readonly path: string;
  readonly difference: TreeDifference;
}

/** A container's writable layer, once as overlayfs writes it and once as a whole tree that is written to. */
async function containers(lab: TreeLab, layer = BASE): Promise<readonly Container[]> {
  const lower = await lab.layer(layer);
  const [upper, work, merged] = await Promise.all([lab.changes(), lab.tree(), lab.tree()]);
  mountOverlay(merged.path, { lowers: [lower.path], upper: upper.path, work: work.path });
  lab.defer(() => unmount(merged.path, { detach: true }));
  const before = await lab.tree();
  const after = await lab.tree();
  await lab.unpack(before, layer);
  await lab.unpack(after, layer);
  return [
    { path: merged.path, difference: { changes: upper, parents: [lower] } },
    { path: after.path, difference: { upper: after.path, lower: before.path } },
  ];
}

async function entriesOf(lab: TreeLab, difference: TreeDifference): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const { entry } of readTar(lab.workers.writeDiff(difference))) entries.push(entry);
  return entries;
}

async function changesOf(lab: TreeLab, { difference }: Container): Promise<readonly string[]> {
  const letters = { added: 'A', modified: 'C', deleted: 'D' };
  return (await lab.workers.changes(difference)).map(({ kind, path }) => `${letters[kind]} ${path}`);
}

/** Two trees that were written to in the same way differ in the times of it alone. */
function freezeTimes(path: string): void {
  for (const name of readdirSync(path)) {
    const at = join(path, name);
    const stat = lstatSync(at, { bigint: true });
    if (stat.isDirectory()) freezeTimes(at);
    if (stat.mtimeNs > 1_000_000_000_000_000_000n) setTimes(at, { mtime: 1_600_000_000_000_000_000n });
  }
}

test('what a container changed is the same on overlayfs and on a whole tree', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const digests: string[] = [];
  for (const container of await containers(lab)) {
    const at = (path: string) => join(container.path, path);
    writeFileSync(at('etc/passwd'), 'changed');
    writeFileSync(at('etc/new'), 'new');
    linkSync(at('etc/new'), at('etc/newer'));
    unlinkSync(at('etc/group'));
    rmSync(at('var/lib/old'), { recursive: true });
    mkdirSync(at('var/lib/old'));
    writeFileSync(at('var/lib/old/c'), 'c');
    unlinkSync(at('link'));
    mkdirSync(at('link/deep'), { recursive: true });
    setXattr(at('link/deep'), 'user.k', Buffer.from('v'));
    symlinkSync('nowhere', at('etc/sym'));
    freezeTimes(container.path);
    assert.deepEqual(await changesOf(lab, container), [
      'C /etc',
      'D /etc/group',
      'A /etc/new',
      'A /etc/newer',
      'C /etc/passwd',
      'A /etc/sym',
      'C /link',
      'A /link/deep',
      'C /var',
      'C /var/lib',
      'C /var/lib/old',
      'D /var/lib/old/a',
      'D /var/lib/old/b',
      'A /var/lib/old/c',
    ]);
    const entries = await entriesOf(lab, container.difference);
    assert.deepEqual(
      entries.map(({ type, path, linkPath }) => `${type} ${path}${linkPath === '' ? '' : ` -> ${linkPath}`}`),
      [
        'directory etc/',
        'file etc/.wh.group',
        'file etc/new',
        'hardlink etc/newer -> etc/new',
        'file etc/passwd',
        'symlink etc/sym -> nowhere',
        'directory link/',
        'directory link/deep/',
        'directory var/',
        'directory var/lib/',
        'directory var/lib/old/',
        'file var/lib/old/.wh.a',
        'file var/lib/old/.wh.b',
        'file var/lib/old/c',
      ],
    );
    digests.push(sha256(await collect(lab.workers.writeDiff(container.difference))));
  }
  assert.equal(digests[0], digests[1]);
});

test('what is as it was is no change, copied up or not', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const container of await containers(lab)) {
    const at = (path: string) => join(container.path, path);
    chmodSync(at('etc/passwd'), 0o600);
    chmodSync(at('etc/passwd'), 0o644);
    closeSync(openSync(at('etc/group'), 'r+'));
    writeFileSync(at('etc/passwd'), 'root');
    setTimes(at('etc/passwd'), { mtime: 6n });
    chmodSync(at('.'), 0o755);
    assert.deepEqual(await changesOf(lab, container), []);
    assert.deepEqual(await entriesOf(lab, container.difference), []);
  }
});

test('a file whose size and time stayed, but not its bytes, is a change', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const container of await containers(lab)) {
    writeFileSync(join(container.path, 'etc/passwd'), 'toor');
    setTimes(join(container.path, 'etc/passwd'), { mtime: 6n });
    assert.deepEqual(await changesOf(lab, container), ['C /etc', 'C /etc/passwd']);
    const entries = await entriesOf(lab, container.difference);
    // Its directory is as it was, and stands there for whoever unpacks this without the layers below.
    assert.deepEqual(
      entries.map(({ path, mtime }) => [path, mtime]),
      [
        ['etc/', 5n],
        ['etc/passwd', 6n],
      ],
    );
  }
});

test('the root is part of a layer when its owner or mode changed', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const container of await containers(lab)) {
    chmodSync(container.path, 0o711);
    const entries = await entriesOf(lab, container.difference);
    assert.deepEqual(
      entries.map(({ path, mode }) => [path, mode]),
      [['./', 0o711]],
    );
    assert.deepEqual(await changesOf(lab, container), []);
  }
});

test('devices, FIFOs and hard links are part of a layer, sockets are not', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const layer = [file('a', '1'), hardLink('b', 'a'), device('null', 1, 3)];
  for (const container of await containers(lab, layer)) {
    const path = join(container.path, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    unlinkSync(join(container.path, 'null'));
    linkSync(join(container.path, 'a'), join(container.path, 'c'));
    chmodSync(join(container.path, 'a'), 0o600);
    const changes = await changesOf(lab, container);
    assert.ok(changes.includes('A /socket') && changes.includes('D /null'));
    const entries = await entriesOf(lab, container.difference);
    const [first, second] = entries.filter(({ path: name }) => ['a', 'c'].includes(name));
    assert.deepEqual([first?.type, second?.type, second?.linkPath], ['file', 'hardlink', 'a']);
    assert.ok(!entries.some(({ path: name }) => name === 'socket'));
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a name that would be a whiteout cannot be stored', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const container of await containers(lab)) {
    writeFileSync(join(container.path, 'etc/.wh.passwd'), '');
    await assert.rejects(entriesOf(lab, container.difference), {
      code: 'LAYER_REFUSED',
      message: /"\/etc\/\.wh\.passwd"/,
    });
    assert.deepEqual(await changesOf(lab, container), ['C /etc', 'A /etc/.wh.passwd']);
  }
});

test('ignored paths are left out as long as they are empty or gone', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const ignored = ['etc', 'etc/hosts', 'dev', 'dev/console', '.dockerenv', 'etc/mtab', 'etc/resolv.conf'];
  for (const { path, difference } of await containers(lab, [file('.dockerenv'), dir('etc')])) {
    const at = (name: string) => join(path, name);
    mkdirSync(at('dev'));
    for (const name of ['etc/hosts', 'dev/console']) writeFileSync(at(name), '');
    symlinkSync('/proc/mounts', at('etc/mtab'));
    unlinkSync(at('.dockerenv'));
    assert.deepEqual(await lab.workers.changes({ ...difference, ignored }), []);
    assert.deepEqual(await entriesOf(lab, { ...difference, ignored }), []);
    writeFileSync(at('etc/resolv.conf'), 'nameserver');
    const entries = await entriesOf(lab, { ...difference, ignored });
    assert.deepEqual(
      entries.map((entry) => entry.path),
      ['etc/', 'etc/resolv.conf'],
    );
  }
});

test('a diff becomes the same tree when it is unpacked on the same parent', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const { path, difference } of await containers(lab)) {
    renameSync(join(path, 'etc/passwd'), join(path, 'moved'));
    rmSync(join(path, 'etc'), { recursive: true });
    mkdirSync(join(path, 'etc'));
    rmSync(join(path, 'var'), { recursive: true });
    writeFileSync(join(path, 'var'), 'a file');
    const lower = await lab.layer(BASE);
    const diff = await collect(lab.workers.writeDiff(difference));
    const upper = await lab.layer(diff, [lower]);
    assert.deepEqual(listStack([upper, lower]), listFolder(path));
  }
});

test('aufs: changes are read from marks, opaque ones too', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const lower = await lab.layer(BASE);
  const upper = await lab.changes('aufs');
  await lab.unpack(upper, [
    file('etc/.wh.group'),
    file('var/lib/old/.wh..wh..opq'),
    file('var/lib/old/c', 'c'),
    file('.wh.never'),
  ]);
  const container = { path: upper.path, difference: { changes: upper, parents: [lower] } };
  const changes = await changesOf(lab, container);
  for (const change of ['D /etc/group', 'D /var/lib/old/a', 'D /var/lib/old/b', 'A /var/lib/old/c']) {
    assert.ok(changes.includes(change), `${change} in ${changes}`);
  }
  assert.ok(!changes.some((change) => change.includes('never')));
});

test('size() counts each file once, and no marks', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const layer = [
    file('a', 'x'.repeat(1000)),
    hardLink('b', 'a'),
    file('d/c', 'y'),
    symlink('s', 'a'),
    file('.wh.gone'),
  ];
  for (const folder of [await lab.changes(), await lab.changes('aufs'), await lab.tree()]) {
    await lab.unpack(folder, layer);
    assert.equal(await lab.workers.size(folder), 1001);
  }
});

test('differenceSize() is what the files of the diff have, and reads none that is new', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const container of await containers(lab)) {
    const at = (path: string) => join(container.path, path);
    writeFileSync(at('etc/passwd'), 'longer than before');
    writeFileSync(at('etc/new'), 'new');
    linkSync(at('etc/new'), at('etc/newer'));
    linkSync(at('one'), at('three'));
    symlinkSync('somewhere', at('etc/sym'));
    rmSync(at('var/lib/old'), { recursive: true });
    mkdirSync(at('dir'));
    // By the rule of relatime, reading it would set the time of reading.
    utimesSync(at('etc/new'), 1, 2);
    const size = await lab.workers.differenceSize(container.difference);
    assert.equal(lstatSync(at('etc/new')).atimeMs, 1000);
    const entries = await entriesOf(lab, container.difference);
    assert.equal(
      size,
      entries.reduce((bytes, entry) => bytes + entry.size, 0),
    );
    assert.ok(size > 0);
    // A name that cannot be stored has a size all the same.
    writeFileSync(at('.wh.odd'), 'odd');
    assert.equal(await lab.workers.differenceSize(container.difference), size + 3);
  }
});

test('a missing folder is said to be damaged', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const gone: TreeFolder = { form: 'changes', whiteouts: 'overlay', path: join(lab.root, 'gone') };
  await assert.rejects(lab.workers.changes({ changes: gone, parents: [] }), { code: 'LAYER_DAMAGED' });
});

test('a container that swaps directories for symlinks shows nothing of the host', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const upper = await lab.tree();
  const host = await lab.tree();
  writeFileSync(join(host.path, 'secret'), 'SECRET OF THE HOST');
  mkdirSync(join(upper.path, 'd'));
  writeFileSync(join(upper.path, 'd/secret'), 'ours');
  const swapper = new Worker(
    `const { mkdirSync, renameSync, rmSync, symlinkSync } = require('node:fs');
     const { workerData: { upper, host } } = require('node:worker_threads');
     symlinkSync(host, upper + '/l');
     for (;;) {
       renameSync(upper + '/d', upper + '/t'); renameSync(upper + '/l', upper + '/d');
       renameSync(upper + '/d', upper + '/l'); renameSync(upper + '/t', upper + '/d');
     }`,
    { eval: true, workerData: { upper: upper.path, host: host.path } },
  );
  try {
    for (let round = 0; round < 300; round++) {
      const diff = await collect(lab.workers.writeDiff({ upper: upper.path, lower: undefined }));
      assert.ok(!diff.includes('SECRET'));
    }
  } finally {
    await swapper.terminate();
  }
});

test('a file that is written to while it is read is as long as its entry says', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const upper = await lab.tree();
  const path = join(upper.path, 'log');
  const fd = openSync(path, 'w');
  lab.defer(() => closeSync(fd));
  const text = Buffer.alloc(300_000, 'x');
  writeSync(fd, text);
  for await (const { entry, content } of readTar(
    lab.workers.writeDiff({ upper: upper.path, lower: undefined }),
  )) {
    writeSync(fd, text);
    const bytes = await collect(content);
    assert.equal(bytes.length, entry.size);
  }
  utimesSync(path, 1, 1);
});
