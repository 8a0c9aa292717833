import { type Descriptor, type Digest, verifyStream } from '@berth/oci';
import { TransferError } from './errors.ts';
import type { ImageSource, ManifestBytes } from './interface.ts';

const PIECE_BYTES = 512 * 1024;

export interface MemorySourceOptions {
  /** For people and logs; default `memory`. */
  readonly location?: string;
  readonly manifests: readonly ManifestBytes[];
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  /** What each tag names. */
  readonly tags: ReadonlyMap<string, Descriptor>;
}

/** An image that is made, not stored: the source of a first push. */
export function memorySource(options: MemorySourceOptions): ImageSource {
  const { location = 'memory', manifests, blobs, tags } = options;
  const byDigest = new Map(manifests.map((manifest) => [manifest.descriptor.digest, manifest]));
  const unknown = (what: string) =>
    new TransferError('MANIFEST_UNKNOWN', `Cannot find "${what}" in "${location}"`);
  return {
    location,
    async resolve(reference) {
      const [only] = tags.values();
      const found =
        reference === undefined
          ? only
          : (tags.get(reference) ?? byDigest.get(reference as Digest)?.descriptor);
      if (found === undefined) throw unknown(reference ?? 'latest');
      if (reference !== undefined || tags.size === 1) return found;
      throw new TransferError(
        'REFERENCE_AMBIGUOUS',
        `Cannot choose an image of "${location}": it has ${tags.size}`,
      );
    },
    async manifest({ digest }) {
      const found = byDigest.get(digest);
      if (found === undefined) throw unknown(digest);
      return found;
    },
    async *blob({ digest, size }, { offset = 0 } = {}) {
      const bytes = blobs.get(digest);
      if (bytes === undefined)
        throw new TransferError('BLOB_UNKNOWN', `Cannot find blob "${digest}" in "${location}"`);
      if (offset > 0) yield* pieces(bytes.subarray(offset));
      else yield* verifyStream(pieces(bytes), { digest, size });
    },
    async *tags() {
      yield* [...tags.keys()].sort();
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** In pieces, so that progress can be seen. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
