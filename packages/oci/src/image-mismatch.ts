import type { Digest } from './digest.ts';

/** What `validateImage` can find. */
export const IMAGE_MISMATCHES = {
  MANIFEST_DIGEST: 'The manifest does not have the digest of its descriptor',
  MANIFEST_SIZE: 'The manifest does not have the size of its descriptor',
  MANIFEST_INVALID: 'The manifest cannot be read, or is not of the media type of its descriptor',
  BLOB_MISSING: 'A manifest, config or layer that is named is not there',
  BLOB_DIGEST: 'A config or layer does not have the digest of its descriptor',
  BLOB_SIZE: 'A config or layer does not have the size of its descriptor',
  EMBEDDED_DATA: 'The data inside a descriptor is not what its digest and size say',
  CONFIG_INVALID: 'The config cannot be read',
  LAYER_COUNT: 'The config does not have one diffID per layer',
  HISTORY_COUNT: 'The history does not have one step that made a layer per layer',
  DIFF_ID: 'The uncompressed tar of a layer does not have its diffID',
  LAYER_COMPRESSION: 'The bytes of a layer are not compressed as its media type says, or are damaged',
  LAYER_TAR: 'The tar of a layer cannot be read',
  PLATFORM: 'The config is for another platform than the entry of the index says',
} as const;

export type ImageMismatchCode = keyof typeof IMAGE_MISMATCHES;

export interface ImageMismatch {
  readonly code: ImageMismatchCode;
  /** Both sides, for people. */
  readonly message: string;
  /** Of the manifest, config or layer that it is about, as its descriptor names it. */
  readonly digest: Digest;
  readonly expected?: string | number;
  readonly actual?: string | number;
}
