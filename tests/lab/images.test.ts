import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { debianImage } from './debian-image.ts';
import { sharedBaseImages } from './layered-images.ts';
import { openPeers } from './peers.ts';

test('debianImage() is a Debian that umoci unpacks', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const work = await mkdtemp(join(tmpdir(), 'berth-images-'));
  t.after(() => rm(work, { recursive: true, force: true }));
  const image = await debianImage(lab);
  assert.ok((await stat(image.archive)).size > 50_000_000);
  await lab.must('umoci', ['unpack', '--image', `${image.layout}:debian`, join(work, 'bundle')]);
  assert.match(await readFile(join(work, 'bundle/rootfs/etc/os-release'), 'utf8'), /VERSION_ID="12"/);
});

test('sharedBaseImages() have their first layer in common and no other', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const layout = await sharedBaseImages(lab);
  const layersOf = async (name: string): Promise<string[]> =>
    JSON.parse(await lab.must('skopeo', ['inspect', `oci:${layout}:${name}`])).Layers;
  const [base, first, second] = [await layersOf('debian'), await layersOf('first'), await layersOf('second')];
  assert.equal(base.length, 1);
  assert.deepEqual([first[0], second[0]], [base[0], base[0]]);
  assert.equal(new Set([...first, ...second]).size, 3);
});
