import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cachedFolder } from './cached.ts';
import { debianImage } from './debian-image.ts';
import type { Lab } from './peers.ts';
import { SeededBytes } from './seeded-bytes.ts';

const MB = 1024 * 1024;

/** The files of one layer: path from the root, and a function that makes the bytes. */
type LayerFiles = Iterable<readonly [path: string, bytes: Uint8Array]>;

/**
 * The image that speed is measured with: five layers, about 500 MB, about 18,000 files. A Debian, a 120 MB
 * program, a `node_modules` tree of many small files, 100 MB that do not compress, and one small file.
 *
 * @returns path of an OCI layout in which the image is named `fixture`
 */
export async function layeredFixture(lab: Lab): Promise<string> {
  const folder = await cachedFolder(`fixture-5-layers-${process.arch}-1`, async (staging) => {
    const layout = await startFromDebian(lab, { folder: staging, name: 'fixture' });
    await addLayer(lab, { layout, name: 'fixture', files: programLayer() });
    await addLayer(lab, { layout, name: 'fixture', files: modulesLayer() });
    const random = new SeededBytes('random');
    await addLayer(lab, { layout, name: 'fixture', files: [['srv/random.bin', random.next(100 * MB)]] });
    await addLayer(lab, {
      layout,
      name: 'fixture',
      files: [['etc/fixture', Buffer.from('one small file\n')]],
    });
    await lab.must('umoci', ['gc', '--layout', layout]);
  });
  return join(folder, 'layout');
}

/**
 * Two images over the same Debian, each with one layer of its own.
 *
 * @returns path of an OCI layout in which the images are named `debian`, `first` and `second`
 */
export async function sharedBaseImages(lab: Lab): Promise<string> {
  const folder = await cachedFolder(`shared-base-${process.arch}-1`, async (staging) => {
    const layout = await startFromDebian(lab, { folder: staging, name: 'debian' });
    for (const name of ['first', 'second']) {
      await lab.must('umoci', ['tag', '--image', `${layout}:debian`, name]);
      const bytes = new SeededBytes(name).next(MB);
      await addLayer(lab, { layout, name, files: [[`srv/${name}.bin`, bytes]] });
    }
    await lab.must('umoci', ['gc', '--layout', layout]);
  });
  return join(folder, 'layout');
}

async function startFromDebian(
  lab: Lab,
  options: { readonly folder: string; readonly name: string },
): Promise<string> {
  const layout = join(options.folder, 'layout');
  await cp((await debianImage(lab)).layout, layout, { recursive: true });
  if (options.name !== 'debian') {
    await lab.must('umoci', ['tag', '--image', `${layout}:debian`, options.name]);
    await lab.must('umoci', ['rm', '--image', `${layout}:debian`]);
  }
  return layout;
}

async function addLayer(
  lab: Lab,
  options: { readonly layout: string; readonly name: string; readonly files: LayerFiles },
): Promise<void> {
  const work = join(dirname(options.layout), 'work');
  const tree = join(work, 'tree');
  for (const [path, bytes] of options.files) {
    await mkdir(join(tree, dirname(path)), { recursive: true });
    await writeFile(join(tree, path), bytes);
  }
  const tar = join(work, 'layer.tar');
  const steady = ['--sort=name', '--mtime=@1700000000', '--owner=0', '--group=0', '--numeric-owner'];
  await lab.must('tar', ['-C', tree, ...steady, '-cf', tar, '.']);
  const created = '--history.created=2023-11-14T22:13:20Z';
  await lab.must('umoci', ['raw', 'add-layer', created, '--image', `${options.layout}:${options.name}`, tar]);
  await rm(work, { recursive: true });
}

function* programLayer(): LayerFiles {
  const bytes = new SeededBytes('program');
  const part = bytes.nextCompressible(4 * MB);
  // Thirty parts that differ: compressing within a window finds only what is inside each.
  const parts = Array.from({ length: 30 }, (_, index) => {
    const copy = Buffer.from(part);
    for (let at = 0; at < copy.length; at += 64) copy[at] = (copy[at] ?? 0) ^ index;
    return copy;
  });
  yield ['usr/local/bin/program', Buffer.concat(parts)];
}

function* modulesLayer(): LayerFiles {
  const bytes = new SeededBytes('modules');
  for (let index = 0; index < 600; index++) {
    const folder = `srv/app/node_modules/module-${index}`;
    yield [
      `${folder}/package.json`,
      Buffer.from(`{ "name": "module-${index}", "version": "1.0.${index}" }\n`),
    ];
    for (let file = 0; file < 19; file++) {
      const text = bytes.nextCompressible(512 + bytes.below(20_000));
      yield [`${folder}/lib/part-${file}.js`, Buffer.from(text.toString('latin1'))];
    }
  }
}
