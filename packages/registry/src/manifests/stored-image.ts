import type { Digest, Platform } from '@berth/oci';

/** One image behind a manifest or index, as the row keeps it for lists: nothing has to be read again. */
export interface StoredImage {
  readonly digest: Digest;
  readonly platform: Platform;
  /** Compressed bytes of config and layers. */
  readonly size: number;
}
