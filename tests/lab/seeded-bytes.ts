import { createCipheriv, createHash } from 'node:crypto';

/** Endless bytes from a seed, the same on every machine: they do not compress. */
export class SeededBytes {
  readonly #cipher: ReturnType<typeof createCipheriv>;

  constructor(seed: string) {
    const key = createHash('sha256').update(seed).digest();
    this.#cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  }

  next(length: number): Buffer {
    return this.#cipher.update(Buffer.alloc(length));
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return this.next(4).readUInt32LE() % limit;
  }

  /** Bytes that compress about as well as program code does, to between a third and a half. */
  nextCompressible(length: number): Buffer {
    const words = Array.from({ length: 64 }, () => this.next(16));
    const parts: Buffer[] = [];
    for (let size = 0; size < length; size += 32) {
      parts.push(
        words[this.below(64)] ?? Buffer.alloc(16),
        this.next(16 - (size % 8)),
        Buffer.alloc(size % 8),
      );
    }
    return Buffer.concat(parts).subarray(0, length);
  }
}
