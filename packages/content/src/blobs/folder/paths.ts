/**
 * The tree of a folder store:
 *
 *     <root>/
 *       blobs/
 *         sha256/
 *           00/ … ff/            made together when the algorithm is first used, so that a commit makes no folder
 *             <64 hex>           a blob: whole, verified, synced
 *         sha512/                the same, with 128 hex
 *       staging/
 *         <id>                   the bytes of an ingest; the size of the file is the offset to go on from
 *
 * Folders have mode 0700, files 0600; all lie on one file system: a blob appears by one rename.
 */
import { join } from 'node:path';
import { type Digest, type DigestAlgorithm, digestAlgorithm, digestHex } from '@berth/oci';

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** `00` to `ff`: the first byte of a digest spreads blobs evenly. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

export function blobsPath(root: string): string {
  return join(root, 'blobs');
}

export function algorithmPath(root: string, algorithm: DigestAlgorithm): string {
  return join(root, 'blobs', algorithm);
}

export function shardPath(root: string, digest: Digest): string {
  return join(algorithmPath(root, digestAlgorithm(digest)), digestHex(digest).slice(0, 2));
}

export function blobPath(root: string, digest: Digest): string {
  return join(shardPath(root, digest), digestHex(digest));
}

export function stagingPath(root: string): string {
  return join(root, 'staging');
}

/** `id` has passed `assertIngestId`. */
export function ingestPath(root: string, id: string): string {
  return join(root, 'staging', id);
}
