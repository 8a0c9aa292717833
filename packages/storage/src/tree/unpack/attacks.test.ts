import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { hasCode } from '@berth/errors';
import { makeTarEntry, type TarInput } from '@berth/oci';
import type { TreeFolder } from '../interface.ts';
import { listFolder } from '../testing/list-tree.ts';
import { rawTar } from '../testing/raw-tar.ts';
import {
  device,
  dir,
  file,
  hardLink,
  type Layer,
  openTreeLab,
  symlink,
  type TreeLab,
  tarOf,
} from '../testing/tree-lab.ts';

/** Numbers are those of the reference's list of attacks on extraction. */

interface Scene {
  readonly lab: TreeLab;
  /** A path of this machine that hostile entries aim at. */
  readonly sentinel: string;
  folders(): Promise<readonly TreeFolder[]>;
  refuses(layers: readonly Layer[], code?: string): Promise<void>;
}

/** Beside each folder lies something of the host; whatever a layer does, it must be as it was. */
async function openScene(t: TestContext): Promise<Scene | undefined> {
  const lab = await openTreeLab(t);
  if (lab === undefined) return undefined;
  const host = mkdtempSync(join(tmpdir(), 'berth-host-'));
  const sentinel = join(host, 'sentinel');
  writeFileSync(sentinel, 'untouched', { mode: 0o640 });
  const before = statSync(sentinel, { bigint: true });
  t.after(() => {
    assert.equal(readFileSync(sentinel, 'utf8'), 'untouched');
    const after = statSync(sentinel, { bigint: true });
    assert.deepEqual([after.ctimeNs, after.mode, after.nlink], [before.ctimeNs, before.mode, before.nlink]);
    assert.deepEqual(readdirSync(host), ['sentinel']);
    rmSync(host, { recursive: true });
  });
  const folders = async () => [await lab.changes(), await lab.changes('aufs'), await lab.tree()];
  return {
    lab,
    sentinel,
    folders,
    refuses: async (layers, code = 'LAYER_REFUSED') => {
      for (const folder of await folders()) {
        const all = layers.map((layer) => lab.unpack(folder, layer));
        const outcomes = await Promise.allSettled(all);
        const failure = outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
        assert.ok(hasCode(failure) && failure.code === code, `${folder.form}: ${String(failure)}`);
        assert.match(failure.message, /^Cannot [a-z]/);
      }
    },
  };
}

const up = '../'.repeat(40);

test('attack 1: names that leave the layer are refused', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  for (const path of ['../x', '/../x', 'a/../../x', `${up}${scene.sentinel}`, '../folder-1-sibling/x']) {
    await scene.refuses([[file(path, 'pwned')]]);
    await scene.refuses([[hardLink('ok', path)]]);
  }
});

test('attack 1: absolute names lie in the layer', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  for (const folder of await scene.folders()) {
    await scene.lab.unpack(folder, [file(scene.sentinel, 'pwned')]);
    assert.equal(readFileSync(join(folder.path, scene.sentinel), 'utf8'), 'pwned');
  }
});

test('attack 2: symlinks lead nowhere but into the layer', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const host = join(scene.sentinel, '..');
  const targets = [
    host,
    `${up}${host}`,
    '/proc/self/root',
    '/proc/self/cwd',
    '/proc/self/fd/3',
    '/proc/1/root',
  ];
  for (const target of targets) {
    const layer = [
      symlink('d', target),
      file('d/sentinel', 'pwned'),
      dir('d/made', { mode: 0o777 }),
      file('d/.wh.sentinel'),
    ];
    for (const folder of await scene.folders()) {
      await scene.lab.unpack(folder, layer);
      // In the next layer too, on a tree that has the symlink.
      if (folder.form === 'tree') await scene.lab.unpack(folder, layer.slice(1));
      assert.ok(Object.keys(listFolder(folder.path)).length > 3);
    }
  }
});

test('attack 2: symlinks of symlinks, relative and over many hops, stay in the layer', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const layer = [
    dir('a'),
    symlink('a/b', '..'),
    symlink('c', 'a/b/a/b/../../../..'),
    symlink('e', `c/${join(scene.sentinel, '..')}`),
    file('e/sentinel', 'pwned'),
    file('a/b/top', 'in the root'),
  ];
  for (const folder of await scene.folders()) {
    await scene.lab.unpack(folder, layer);
    assert.equal(readFileSync(join(folder.path, 'top'), 'utf8'), 'in the root');
    assert.equal(readFileSync(join(folder.path, scene.sentinel), 'utf8'), 'pwned');
  }
  await scene.refuses([[symlink('x', 'y'), symlink('y', 'x'), file('x/f', 'loop')]]);
});

test('attack 3: hard links lead nowhere but into the layer, and change nothing there', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const { sentinel } = scene;
  // A file of the host under its absolute name: the layer has no such file.
  const tree = await scene.lab.tree();
  await assert.rejects(scene.lab.unpack(tree, [hardLink('h', sentinel)]), { code: 'LAYER_REFUSED' });
  const changes = await scene.lab.changes();
  const { settle } = await scene.lab.unpack(changes, [hardLink('h', sentinel)]);
  const below = await scene.lab.layer([file('other')]);
  await assert.rejects(
    scene.lab.workers.settle(changes, settle, [below], { tarSplitPath: scene.lab.splitPath(changes) }),
    { code: 'LAYER_REFUSED' },
  );
  // A symlink that leads out, and a hard link to that: it is one more name of the symlink.
  for (const folder of await scene.folders()) {
    await scene.lab.unpack(folder, [
      symlink('s', sentinel),
      hardLink('h', 's', { mode: 0o777, uid: 4 }),
      file('h', 'pwned', { mode: 0o777 }),
    ]);
    assert.equal(readFileSync(join(folder.path, 'h'), 'utf8'), 'pwned');
  }
  await scene.refuses([[file('f'), hardLink('f', 'f')]]);
  await scene.refuses([[dir('d'), file('d/f'), hardLink('d', 'd/f')]]);
  await scene.refuses([[dir('d'), hardLink('h', 'd')]]);
});

test('attack 4: a root that is no directory is refused', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const roots: readonly TarInput[] = [
    symlink('./', scene.sentinel),
    symlink('.', '/'),
    hardLink('/', 'x'),
    file('a/..', 'x'),
    device('./', 1, 3),
  ];
  for (const root of roots) await scene.refuses([[root]]);
});

test('attack 5: whiteouts that name nothing are refused', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  for (const path of ['.wh.', 'a/.wh.', '.wh..', '.wh...', 'a/.wh...', '.wh.a/b'])
    await scene.refuses([[file(path)]]);
});

test('attack 5: whiteouts through symlinks remove nothing of the host', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const host = join(scene.sentinel, '..');
  const links = [symlink('d', host), symlink('e', `${up}${host}`)];
  const hiding = [
    [file('d/.wh.sentinel'), file('e/.wh.sentinel')],
    [file('d/.wh..wh..opq'), file('e/.wh..wh..opq')],
  ];
  for (const whiteouts of hiding) {
    for (const folder of await scene.folders()) await scene.lab.unpack(folder, [...links, ...whiteouts]);
    const tree = await scene.lab.tree();
    await scene.lab.unpack(tree, links);
    await scene.lab.unpack(tree, whiteouts);
    const base = await scene.lab.layer(links);
    await scene.lab.layer(whiteouts, [base]);
  }
});

test('attack 6: what would give a file of another layer to overlayfs is refused', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const attacks: readonly TarInput[] = [device('etc/shadow', 0, 0)];
  const names = [
    'trusted.overlay.redirect',
    'trusted.overlay.metacopy',
    'trusted.overlay.opaque',
    'user.overlay.redirect',
  ];
  const xattrs = names.map((name) => new Map([[name, Buffer.from('/root/.ssh')]]));
  const withXattrs = xattrs.flatMap((map) => [
    file('f', 'x', { xattrs: map }),
    dir('d', { xattrs: map }),
    dir('./', { xattrs: map }),
  ]);
  for (const attack of [...attacks, ...withXattrs]) {
    const folder = await scene.lab.changes();
    await assert.rejects(scene.lab.unpack(folder, [attack]), { code: 'LAYER_REFUSED' });
  }
  // A whole tree is no layer of an overlay: there it is a device like any other.
  const tree = await scene.lab.tree();
  await scene.lab.unpack(tree, attacks);
  assert.match(listFolder(tree.path)['etc/shadow'] ?? '', /^char 644 0:0 @0 0:0$/);
});

test('attack 8: duplicates and flips end as the last of them', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const host = join(scene.sentinel, '..');
  for (const folder of await scene.folders()) {
    await scene.lab.unpack(folder, [
      dir('d'),
      file('d/sentinel', '1'),
      symlink('d', host),
      file('d/sentinel', '2'),
      dir('d'),
      file('d/sentinel', '3'),
      hardLink('d/again', 'd/sentinel'),
      symlink('d', host),
      dir('d', { mode: 0o711 }),
      file('d/last', '4'),
    ]);
    assert.deepEqual(
      readdirSync(join(folder.path, 'd')).filter((name) => !name.startsWith('.wh.')),
      ['last'],
    );
    assert.equal(readFileSync(join(folder.path, scene.sentinel), 'utf8'), '2');
  }
});

test('attack 8: a file is no directory, also when it was one before', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  await scene.refuses([[file('a', 'file'), file('a/b', 'in it')]]);
  await scene.refuses([[dir('a'), file('a', 'file'), dir('a/b')]]);
});

test('attack 9: bombs end at the limits', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const { lab } = scene;
  const zeros = gzipSync(await tarOf([file('zeros', Buffer.alloc(40_000_000))]));
  assert.ok(zeros.length < 100_000);
  const limited = lab.unpack(await lab.changes(), zeros, { maxTarBytes: 10_000_000 });
  await assert.rejects(limited, { code: 'LAYER_REFUSED', message: /more than 10000000 bytes/ });
  const many = Array.from({ length: 2000 }, (_, at) => file(`f${at}`));
  const counted = lab.unpack(await lab.changes(), many, { maxEntries: 1000 });
  await assert.rejects(counted, { code: 'LAYER_REFUSED', message: /more than 1000 entries/ });
  // Directories that no entry makes count as well.
  const deep = file(Array.from({ length: 1500 }, () => 'd').join('/'));
  await assert.rejects(lab.unpack(await lab.changes(), [deep], { maxEntries: 1000 }), {
    code: 'LAYER_REFUSED',
  });
});

test('attack 9: a file larger than any disk, and paths longer than any path, are refused', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const { lab } = scene;
  const name = 'n'.repeat(256);
  for (const folder of await scene.folders()) {
    await assert.rejects(lab.unpack(folder, [file(name)]), {
      code: 'LAYER_REFUSED',
      message: /ENAMETOOLONG/,
    });
  }
  const longest = Array.from({ length: 2047 }, () => 'd').join('/');
  for (const folder of await scene.folders()) {
    const { entries } = await lab.unpack(folder, [file(longest, 'deep')]);
    assert.equal(entries, 2047);
  }
});

test('attack 9: names of one file that are replaced again and again do not fill the disk', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const layer = [
    file('big', Buffer.alloc(1_000_000, 1)),
    ...Array.from({ length: 50 }, () => hardLink('name', 'big')),
  ];
  await scene.refuses([layer]);
});

test('attack 9: sparse bombs take no room', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  const record = (key: string, value: string) => {
    const body = ` ${key}=${value}\n`;
    return `${body.length + 2}${body}`;
  };
  const bomb = (size: number) => {
    const map = Buffer.alloc(512);
    map.write('0\n');
    const pax = [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.realsize', String(size)],
    ] as const;
    return rawTar([
      {
        type: 'x',
        name: 'pax',
        content: Buffer.from(pax.map(([key, value]) => record(key, value)).join('')),
      },
      { type: '0', name: 'bomb', content: map },
    ]);
  };
  const folder = await scene.lab.changes();
  await scene.lab.unpack(folder, bomb(2 ** 40));
  assert.equal(statSync(join(folder.path, 'bomb')).blocks, 0);
  await assert.rejects(scene.lab.unpack(await scene.lab.changes(), bomb(2 ** 52)), { code: 'LAYER_REFUSED' });
});

test('attacks 7 and 19: set-user-ID programs and devices lie in the layer with the rights they were given', async (t) => {
  const scene = await openScene(t);
  if (scene === undefined) return;
  // As root this is what images have; that nobody else gets there is the mode of the folders above (0710).
  const folder = await scene.lab.changes();
  await scene.lab.unpack(folder, [
    file('su', 'x', { mode: 0o4755, uid: 0, gid: 5 }),
    { entry: makeTarEntry({ type: 'block', path: 'sda', devMajor: 8, devMinor: 0, mode: 0o600 }) },
  ]);
  assert.deepEqual(listFolder(folder.path, { withTimes: false }), {
    sda: 'block 600 0:0 8:0',
    su: 'file 4755 0:5 1 2d711642',
  });
});
