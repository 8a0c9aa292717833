import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that do not compress, the same for the same seed everywhere; fast enough for gigabytes. */
export function seededBytes(seed: string, sizeBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16, 32));
  return cipher.update(Buffer.alloc(sizeBytes));
}
