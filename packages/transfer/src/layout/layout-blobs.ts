import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';
import {
  type Descriptor,
  type Digest,
  Digester,
  digestAlgorithm,
  layoutBlobPath,
  OciError,
} from '@berth/oci';
import { fileFailure } from '../files/read-file.ts';
import { syncFolder } from '../files/write-file.ts';
import type { PutBlobOptions, PutBlobResult } from '../interface.ts';
import type { OpenBlob } from '../remote/upload-body.ts';
import { hashPartial, openPartial, type Partial } from './staging.ts';

/** Partial blobs live here; a whole layout has no such folder. */
export function stagingFolder(root: string): string {
  return join(root, '.berth');
}

export function blobFile(root: string, digest: Digest): string {
  return join(root, layoutBlobPath(digest));
}

export async function hasBlob(root: string, { digest, size }: Descriptor): Promise<boolean> {
  try {
    const found = await stat(blobFile(root, digest));
    return found.isFile() && found.size === size;
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR'].includes(error.code)) return false;
    throw error;
  }
}

/**
 * Brings one blob in: staged, verified, synced, renamed. What arrived before a cut or a kill is used by the next
 * call; when the joined bytes turn out wrong it begins once more from the first byte.
 */
export async function putLayoutBlob(
  root: string,
  descriptor: Descriptor,
  options: PutBlobOptions & { readonly open: OpenBlob },
): Promise<PutBlobResult> {
  try {
    if (await hasBlob(root, descriptor)) return 'exists';
    const isWhole = await receive(root, descriptor, options);
    if (!isWhole) await receive(root, descriptor, options);
    return 'copied';
  } catch (error) {
    throw fileFailure(error, `write "${blobFile(root, descriptor.digest)}"`);
  }
}

/** @returns false when bytes of an earlier time were wrong; they are gone */
async function receive(
  root: string,
  descriptor: Descriptor,
  { open, signal, onProgress, onRetry }: PutBlobOptions & { readonly open: OpenBlob },
): Promise<boolean> {
  const { digest, size } = descriptor;
  await using partial = await openPartial(stagingFolder(root), digest);
  const digester = new Digester(digestAlgorithm(digest));
  await hashPartial(partial, digester);
  const { offset } = partial;
  let position = offset;
  const source = open({ offset, ...(signal && { signal }), ...(onRetry && { onRetry }) });
  if (offset < size || offset === 0) {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      await writeAll(partial, chunk, position);
      digester.update(chunk);
      position += chunk.length;
      if (position > size) break;
      onProgress?.(position);
    }
  }
  const actual = digester.digest();
  if (actual === digest && position === size) {
    await publish(root, digest, partial);
    return true;
  }
  await rm(partial.path, { force: true });
  if (offset > 0) return false;
  throw new OciError(
    actual === digest ? 'SIZE_MISMATCH' : 'DIGEST_MISMATCH',
    `Cannot take blob: expected "${digest}" of ${size} bytes, got "${actual}" of ${position}`,
    { detail: { expected: digest, actual } },
  );
}

async function writeAll({ handle }: Partial, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

async function publish(root: string, digest: Digest, partial: Partial): Promise<void> {
  await partial.handle.sync();
  const path = blobFile(root, digest);
  const made = await mkdir(dirname(path), { recursive: true });
  await rename(partial.path, path);
  await syncFolder(dirname(path));
  if (made !== undefined) for (const folder of [join(root, 'blobs'), root]) await syncFolder(folder);
}
