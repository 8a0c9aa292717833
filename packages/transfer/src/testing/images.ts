import { type Descriptor, type Digest, digestBytes, MEDIA_TYPE_OCI_LAYER_FOREIGN_GZIP } from '@berth/oci';
import { type RandomImage, type RandomIndex, randomImage } from '@berth/oci/testing';
import type { ImageSource, ManifestBytes } from '../interface.ts';
import { memorySource } from '../memory-source.ts';

export function manifestOf({ descriptor, manifestBytes }: RandomImage): ManifestBytes {
  return { descriptor, bytes: manifestBytes };
}

/** Images under the tags given. */
export function sourceOf(images: Readonly<Record<string, RandomImage>>): ImageSource {
  const all = Object.values(images);
  return memorySource({
    manifests: all.map(manifestOf),
    blobs: new Map(all.flatMap(({ blobs }) => [...blobs])),
    tags: new Map(Object.entries(images).map(([tag, { descriptor }]) => [tag, descriptor])),
  });
}

export function sourceOfIndex(index: RandomIndex, tag: string): ImageSource {
  return memorySource({
    manifests: [{ descriptor: index.descriptor, bytes: index.indexBytes }, ...index.images.map(manifestOf)],
    blobs: index.blobs,
    tags: new Map([[tag, index.descriptor]]),
  });
}

/** A layer that may not be handed on, and that is nowhere to be had. */
export async function imageWithForeignLayer(seed: string): Promise<RandomImage> {
  const image = await randomImage({ seed, layers: 2 });
  const [first, ...rest] = image.manifest.layers as [Descriptor, ...Descriptor[]];
  const foreign = {
    ...first,
    mediaType: MEDIA_TYPE_OCI_LAYER_FOREIGN_GZIP,
    urls: ['https://example.invalid/layer'],
  };
  const manifest = { ...image.manifest, layers: [foreign, ...rest] };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  const descriptor = { ...image.descriptor, digest: digestBytes(manifestBytes), size: manifestBytes.length };
  const blobs = new Map([...image.blobs].filter(([digest]) => digest !== first.digest));
  return { ...image, manifest, manifestBytes, descriptor, layers: manifest.layers, blobs };
}

/** The same source, but the bytes of one blob are changed by `change`. */
export function withBlob(
  source: ImageSource,
  digest: Digest,
  change: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): ImageSource {
  return {
    ...source,
    blob: (descriptor, options) => {
      const bytes = source.blob(descriptor, options);
      return descriptor.digest === digest ? change(bytes) : bytes;
    },
  };
}
