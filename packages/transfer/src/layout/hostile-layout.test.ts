import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Descriptor, digestBytes, digestHex, MEDIA_TYPE_OCI_INDEX } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import { copyImage } from '../copy/copy-image.ts';
import type { ManifestBytes } from '../interface.ts';
import { memorySource } from '../memory-source.ts';
import { manifestOf, sourceOf } from '../testing/images.ts';
import { openLayout } from './open-layout.ts';

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'berth-hostile-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('putBlob() writes through no link that the maker of the layout left behind', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'links', layers: 1 });
  const layer = image.layers[0] as Descriptor;
  const victim = join(root.path, 'victim');
  const path = join(root.path, 'image');
  await writeFile(victim, 'mine');
  await mkdir(join(path, '.berth'), { recursive: true });
  await symlink(victim, join(path, '.berth', `sha256-${digestHex(layer.digest)}.0.waiting`));
  await using sink = openLayout({ path });
  await copyImage(sourceOf({ v: image }), sink, { reference: 'v', tags: ['v'] });
  assert.equal(await readFile(victim, 'utf8'), 'mine');
  assert.equal((await sink.resolve('v')).digest, image.descriptor.digest);
  assert.ok(await sink.hasManifest(image.descriptor));
});

test('a pipe in the place of a file is no file, and nobody waits for its writer', async () => {
  await using root = await temporary();
  const path = join(root.path, 'image');
  await mkdir(path);
  execFileSync('mkfifo', [join(path, 'oci-layout')]);
  await using source = openLayout({ path });
  await assert.rejects(source.resolve('v'), { code: 'LAYOUT_INVALID', message: /there is no oci-layout/ });
});

test('hasManifest() looks at each manifest once, however often indexes name it', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'many' });
  const manifests: ManifestBytes[] = [manifestOf(image)];
  for (let level = 0; level < 6; level += 1) {
    const { descriptor } = manifests.at(-1) ?? assert.fail();
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE_OCI_INDEX,
      manifests: Array.from({ length: 50 }, () => descriptor),
    };
    const bytes = Buffer.from(JSON.stringify(index));
    const { mediaType } = index;
    manifests.push({ descriptor: { mediaType, digest: digestBytes(bytes), size: bytes.length }, bytes });
  }
  const { descriptor } = manifests.at(-1) ?? assert.fail();
  const source = memorySource({ manifests, blobs: image.blobs, tags: new Map([['t', descriptor]]) });
  await using sink = openLayout({ path: join(root.path, 'image') });
  await copyImage(source, sink, { reference: 't', tags: ['t'] });
  assert.equal(await sink.hasManifest(descriptor), true);
});
