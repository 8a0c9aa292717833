import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

/** Names bytes: which kind, which digest, how many. @see image-spec v1.1 descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** The bytes themselves, base64; only honoured when size and digest agree. */
  readonly data?: string;
  readonly artifactType?: string;
  /** Only inside an index. */
  readonly platform?: Platform;
}
