import { createHash, type Hash } from 'node:crypto';
import { OciError } from './errors.ts';

declare const brand: unique symbol;

/** `algorithm:hex` of exact bytes, for instance a compressed layer. @see image-spec v1.1 descriptor.md#digests */
export type Digest = string & { readonly [brand]: 'Digest' };
/** Digest of a layer's *uncompressed* tar. @see image-spec v1.1 config.md#layer-diffid */
export type DiffID = Digest & { readonly diffID: true };
/** Digest that names a stack of layers. @see image-spec v1.1 config.md#layer-chainid */
export type ChainID = Digest & { readonly chainID: true };
/** Digest of an image's config. @see image-spec v1.1 config.md#imageid */
export type ImageID = Digest & { readonly imageID: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };
const DIGEST = /^(sha256|sha512):([0-9a-f]+)$/;

export function isDigest(text: string): text is Digest {
  const match = DIGEST.exec(text);
  return match !== null && match[2]?.length === HEX_LENGTH[match[1] as DigestAlgorithm];
}

/** @throws {OciError} `DIGEST_INVALID` */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  throw new OciError(
    'DIGEST_INVALID',
    `Cannot read digest "${shown}": expected sha256:<64 hex> or sha512:<128 hex>`,
  );
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;
}

/** The hexadecimal part. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestBytes(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** Hashes as bytes pass by. `digest()` may be asked more than once and in between. */
export class Digester {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }

  digest(): Digest {
    return `${this.algorithm}:${this.#hash.copy().digest('hex')}` as Digest;
  }
}
