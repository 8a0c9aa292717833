import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededBytes } from '@berth/oci/testing';
import { rawTar } from '../testing/raw-tar.ts';
import {
  collect,
  dir,
  file,
  hardLink,
  type Layer,
  openTreeLab,
  symlink,
  tarOf,
} from '../testing/tree-lab.ts';

const LAYERS: Readonly<Record<string, Layer>> = {
  'an empty layer': [],
  'files small and large, links and directories': [
    dir('d'),
    file('d/empty'),
    file('d/small', 'x'),
    file('d/large', seededBytes('large', 3_000_000)),
    symlink('d/s', 'small'),
    hardLink('d/h', 'd/large'),
  ],
  'files that later entries replace': [
    file('a', seededBytes('a', 1_500_000)),
    file('a', 'second'),
    file('a', ''),
    file('a', 'fourth'),
    dir('d'),
    file('d/x', 'gone with its directory'),
    file('d/y/z', seededBytes('z', 700_000)),
    file('d', 'a file'),
    file('n', 'named'),
    hardLink('m', 'n'),
    file('n', 'replaced'),
    hardLink('n', 'm'),
    file('m', 'last'),
  ],
  'content of what is not on disk': [
    file('.wh.x', 'whiteouts may have some'),
    file('.wh..wh.aufs/y', seededBytes('y', 300_000)),
  ],
  'nothing but padding after it': rawTar([{ type: '0', name: 'x', content: Buffer.from('x') }]),
};

for (const [name, layer] of Object.entries(LAYERS)) {
  test(`rebuildTar() gives back bit for bit: ${name}`, async (t) => {
    const lab = await openTreeLab(t);
    if (lab === undefined) return;
    const bytes = layer instanceof Uint8Array ? layer : await tarOf(layer);
    for (const tail of [Buffer.alloc(0), Buffer.alloc(700_000), seededBytes('tail', 100_000)]) {
      const tar = Buffer.concat([bytes, tail]);
      for (const folder of [await lab.changes(), await lab.changes('aufs'), await lab.tree()]) {
        await lab.unpack(folder, tar);
        const chunks = await Array.fromAsync(lab.workers.rebuildTar(folder, lab.splitPath(folder)));
        assert.ok(Buffer.concat(chunks).equals(tar), folder.form);
        assert.ok(chunks.slice(0, -1).every(({ length }) => length >= 65_536));
      }
    }
  });
}

test('rebuildTar() names the file that is not what it was', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const damages: Readonly<Record<string, (path: string) => void>> = {
    shorter: (path) => truncateSync(path, 5),
    changed: (path) => writeFileSync(path, 'CONTENT'),
    missing: (path) => rmSync(path),
    'a symlink': (path) => {
      rmSync(path);
      symlinkSync('/etc/passwd', path);
    },
    'behind a symlink': (path) => {
      rmSync(join(path, '..'), { recursive: true });
      symlinkSync('/etc', join(path, '..'));
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    const folder = await lab.changes();
    await lab.unpack(folder, [dir('d'), file('d/passwd', 'content')]);
    damage(join(folder.path, 'd/passwd'));
    const rebuilt = collect(lab.workers.rebuildTar(folder, lab.splitPath(folder)));
    await assert.rejects(rebuilt, { code: 'LAYER_DAMAGED', message: /"d\/passwd"/ }, what);
  }
});

test('rebuildTar() does not look at what the tar has from its headers', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const tar = await tarOf([file('f', 'content')]);
  const folder = await lab.changes();
  await lab.unpack(folder, tar);
  chmodSync(join(folder.path, 'f'), 0o777);
  utimesSync(join(folder.path, 'f'), 1, 1);
  assert.ok((await collect(lab.workers.rebuildTar(folder, lab.splitPath(folder)))).equals(tar));
});

test('rebuildTar() says when the tar-split file is not whole', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  await lab.unpack(folder, [file('f', 'content')]);
  const split = lab.splitPath(folder);
  const whole = readFileSync(split);
  const broken = [
    Buffer.alloc(0),
    whole.subarray(0, 20),
    whole.subarray(0, -1),
    Buffer.concat([Buffer.from('x'), whole.subarray(1)]),
    Buffer.concat([whole.subarray(0, 40), Buffer.from([whole.readUInt8(40) ^ 0xff]), whole.subarray(41)]),
  ];
  for (const bytes of broken) {
    writeFileSync(split, bytes);
    await assert.rejects(collect(lab.workers.rebuildTar(folder, split)), { code: 'LAYER_DAMAGED' });
  }
  appendFileSync(split, 'junk');
  await assert.rejects(collect(lab.workers.rebuildTar(folder, split)), { code: 'LAYER_DAMAGED' });
});

test('the tar-split file is small', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const layer = Array.from({ length: 5000 }, (_, at) => file(`directory-${at % 50}/file-${at}`, `${at}`));
  const { tarSizeBytes } = await lab.unpack(folder, layer);
  const { size } = statSync(lab.splitPath(folder));
  assert.ok(size < tarSizeBytes / 40, `${size} of ${tarSizeBytes}`);
});
