import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryBlobStore } from '@berth/content';
import { type Descriptor, digestBytes, MEDIA_TYPE_OCI_CONFIG, MEDIA_TYPE_OCI_MANIFEST } from '@berth/oci';
import type { ChildManifest } from '../store/manifests.ts';
import { imagesOfIndex, imagesOfManifest } from './describe-manifest.ts';

const platform = { os: 'linux', architecture: 'amd64' };

function child(name: string): Descriptor {
  return { mediaType: MEDIA_TYPE_OCI_MANIFEST, digest: digestBytes(Buffer.from(name)), size: 10 };
}

function image(name: string): ChildManifest {
  return { images: [{ digest: child(name).digest, platform, size: 7 }], imageSize: 7 };
}

describe('imagesOfIndex()', () => {
  it('does not grow when indexes that name one child many times lie in each other', () => {
    let known = new Map([[child('image').digest, image('image')]]);
    let children = Array.from({ length: 2000 }, () => ({ ...child('image'), platform }));
    for (const level of ['a', 'b', 'c', 'd']) {
      const found = imagesOfIndex(children, known);
      assert.ok(JSON.stringify(found.images).length < 70_000, level);
      assert.equal(found.imageSize, 7);
      known = new Map([[child(level).digest, found]]);
      children = Array.from({ length: 2000 }, () => ({ ...child(level), platform }));
    }
  });

  it('keeps one manifest for two platforms, and takes images of nested indexes once', () => {
    const nested = { images: [...image('x').images, ...image('y').images], imageSize: 14 };
    const known = new Map([
      [child('x').digest, image('x')],
      [child('nested').digest, nested],
    ]);
    const arm = { ...child('x'), platform: { os: 'linux', architecture: 'arm64' } };
    const found = imagesOfIndex([child('x'), arm, child('nested'), child('nested')], known);
    assert.deepEqual(
      found.images.map((each) => each.platform.architecture),
      ['amd64', 'arm64', 'amd64', 'amd64'],
    );
    assert.equal(found.imageSize, 21);
  });

  it('says a size that can be stored, whatever was announced', () => {
    const huge = { images: [], imageSize: Number.MAX_SAFE_INTEGER };
    const known = new Map([
      [child('a').digest, huge],
      [child('b').digest, huge],
    ]);
    assert.equal(imagesOfIndex([child('a'), child('b')], known).imageSize, Number.MAX_SAFE_INTEGER);
  });
});

describe('imagesOfManifest()', () => {
  it('takes no novel for the name of a platform', async () => {
    await using blobs = createMemoryBlobStore();
    const bytes = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'x'.repeat(1_000_000) }));
    const digest = digestBytes(bytes);
    {
      await using ingest = await blobs.startIngest('one');
      await ingest.write(
        (async function* () {
          yield bytes;
        })(),
      );
      await ingest.commit({ digest });
    }
    const config = { mediaType: MEDIA_TYPE_OCI_CONFIG, digest, size: bytes.byteLength };
    const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE_OCI_MANIFEST, config, layers: [] } as const;
    const found = await imagesOfManifest(manifest, { digest, blobs });
    assert.deepEqual(found.images, []);
  });
});
