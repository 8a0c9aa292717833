import {
  type Descriptor,
  digestBytes,
  type ImageID,
  type Manifest,
  MEDIA_TYPE_DOCKER_CONFIG,
  MEDIA_TYPE_DOCKER_LAYER,
  MEDIA_TYPE_DOCKER_LAYER_GZIP,
  MEDIA_TYPE_DOCKER_MANIFEST,
  MEDIA_TYPE_OCI_CONFIG,
  MEDIA_TYPE_OCI_LAYER,
  MEDIA_TYPE_OCI_LAYER_GZIP,
  MEDIA_TYPE_OCI_MANIFEST,
  parseManifest,
} from '@berth/oci';
import type { ManifestBytes } from '@berth/transfer';
import type { KnownBlob } from './known-blobs.ts';

export interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** Manifests of an image as it came; indexes are not among them. */
export function readStoredManifests(
  rows: readonly {
    readonly digest: Descriptor['digest'];
    readonly mediaType: string;
    readonly bytes: Uint8Array;
  }[],
): readonly StoredManifest[] {
  return rows.flatMap(({ digest, mediaType, bytes }) => {
    const parsed = parseManifest(bytes, mediaType);
    if (parsed.kind === 'index') return [];
    return [{ bytes, descriptor: { mediaType, digest, size: bytes.length }, manifest: parsed.manifest }];
  });
}

const DOCKER_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE_OCI_LAYER]: MEDIA_TYPE_DOCKER_LAYER,
  [MEDIA_TYPE_OCI_LAYER_GZIP]: MEDIA_TYPE_DOCKER_LAYER_GZIP,
};
const OCI_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE_DOCKER_LAYER]: MEDIA_TYPE_OCI_LAYER,
  [MEDIA_TYPE_DOCKER_LAYER_GZIP]: MEDIA_TYPE_OCI_LAYER_GZIP,
};

/**
 * The manifest for a pushed image: the one it came with, byte for byte, where its layers are those that were pushed; else a
 * new one, in Docker's schema 2 as dockerd writes it, or in OCI's where the image came so or has a layer that only OCI knows.
 */
export function pushedManifest(
  config: { readonly id: ImageID; readonly size: number },
  layers: readonly KnownBlob[],
  stored: readonly StoredManifest[],
): ManifestBytes {
  const same = stored.find(
    ({ manifest }) =>
      manifest.layers.length === layers.length &&
      manifest.layers.every(({ digest }, at) => digest === layers[at]?.digest),
  );
  if (same !== undefined) return { descriptor: same.descriptor, bytes: same.bytes };
  const isDocker = (type: string) => DOCKER_TYPES[type] !== undefined || OCI_TYPES[type] !== undefined;
  const isOci =
    stored.some(({ descriptor }) => descriptor.mediaType === MEDIA_TYPE_OCI_MANIFEST) ||
    !layers.every(({ mediaType }) => isDocker(mediaType));
  const mediaType = isOci ? MEDIA_TYPE_OCI_MANIFEST : MEDIA_TYPE_DOCKER_MANIFEST;
  const names = isOci ? OCI_TYPES : DOCKER_TYPES;
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: {
        mediaType: isOci ? MEDIA_TYPE_OCI_CONFIG : MEDIA_TYPE_DOCKER_CONFIG,
        size: config.size,
        digest: config.id,
      },
      layers: layers.map(({ mediaType: type, size, digest }) => ({
        mediaType: names[type] ?? type,
        size,
        digest,
      })),
    }),
  );
  return { descriptor: { mediaType, digest: digestBytes(bytes), size: bytes.length }, bytes };
}
