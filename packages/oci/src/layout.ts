import type { Descriptor } from './descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from './digest.ts';
import { OciError } from './errors.ts';
import type { Index } from './image-index.ts';
import { readJson } from './json.ts';
import { JsonObject } from './json-object.ts';
import { MEDIA_TYPE_OCI_INDEX } from './media-types.ts';
import { parseManifest } from './parse-manifest.ts';

/*
 * An OCI image layout, @see image-spec v1.1 image-layout.md
 *
 *   <root>/oci-layout               {"imageLayoutVersion":"1.0.0"}
 *   <root>/index.json               an Index; its entries carry the names
 *   <root>/blobs/<algorithm>/<hex>  manifests, configs and layers alike
 */
export const LAYOUT_HEADER_FILE = 'oci-layout';
export const LAYOUT_INDEX_FILE = 'index.json';
export const LAYOUT_VERSION = '1.0.0';

/** Names an entry of a layout's index. @see image-spec v1.1 annotations.md */
export const ANNOTATION_REF_NAME = 'org.opencontainers.image.ref.name';

const HEADER_MAX_SIZE_BYTES = 64 * 1024;

/** Path of a blob below the layout's root, with "/" on every system. */
export function layoutBlobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** Content of `oci-layout`. */
export function formatLayoutHeader(): string {
  return `${JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION })}\n`;
}

/**
 * Checks the content of `oci-layout`.
 *
 * @throws {OciError} `LAYOUT_INVALID` when it is damaged or of a version that is not 1.x
 */
export function parseLayoutHeader(bytes: Uint8Array): { readonly imageLayoutVersion: string } {
  const options = { code: 'LAYOUT_INVALID', what: LAYOUT_HEADER_FILE } as const;
  const json = new JsonObject(readJson(bytes, { ...options, maxSizeBytes: HEADER_MAX_SIZE_BYTES }), {
    ...options,
    path: '',
  });
  const imageLayoutVersion = json.requiredString('imageLayoutVersion');
  if (/^1\.[0-9]+\.[0-9]+$/.test(imageLayoutVersion)) return { imageLayoutVersion };
  throw json.fail(
    'imageLayoutVersion',
    `expected "${LAYOUT_VERSION}", got "${imageLayoutVersion.slice(0, 40)}"`,
  );
}

/** @throws {OciError} `LAYOUT_INVALID`, `MANIFEST_INVALID` */
export function parseLayoutIndex(bytes: Uint8Array): Index {
  const parsed = parseManifest(bytes);
  if (parsed.kind === 'index') return parsed.index;
  throw new OciError(
    'LAYOUT_INVALID',
    `Cannot read ${LAYOUT_INDEX_FILE}: expected an index, got an image manifest`,
  );
}

/** Content of `index.json`. */
export function formatLayoutIndex(index: Index): string {
  return `${JSON.stringify({ mediaType: MEDIA_TYPE_OCI_INDEX, ...index })}\n`;
}

export function emptyLayoutIndex(): Index {
  return { schemaVersion: 2, mediaType: MEDIA_TYPE_OCI_INDEX, manifests: [] };
}

export function layoutRefName(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[ANNOTATION_REF_NAME];
}

/**
 * The index with one more entry. An entry that had the same name loses its place to it; without a name, an entry
 * of the same digest without a name does.
 */
export function withLayoutEntry(index: Index, descriptor: Descriptor, refName?: string): Index {
  const { [ANNOTATION_REF_NAME]: _, ...others } = descriptor.annotations ?? {};
  const annotations = refName === undefined ? others : { ...others, [ANNOTATION_REF_NAME]: refName };
  const { annotations: __, ...bare } = descriptor;
  const entry: Descriptor = Object.keys(annotations).length === 0 ? bare : { ...bare, annotations };
  const kept = index.manifests.filter((each) => {
    if (layoutRefName(each) !== refName) return true;
    return refName === undefined && each.digest !== descriptor.digest;
  });
  return { ...index, manifests: [...kept, entry] };
}
