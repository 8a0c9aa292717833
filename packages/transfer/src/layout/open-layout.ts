import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import {
  type Descriptor,
  type Digest,
  emptyLayoutIndex,
  formatLayoutHeader,
  formatLayoutIndex,
  type Index,
  LAYOUT_HEADER_FILE,
  LAYOUT_INDEX_FILE,
  MANIFEST_MAX_SIZE_BYTES,
  manifestLinks,
  parseLayoutHeader,
  parseLayoutIndex,
  parseManifest,
  withLayoutEntry,
} from '@berth/oci';
import { folderFiles } from '../files/file-set.ts';
import { withLock } from '../files/process-lock.ts';
import { fileFailure } from '../files/read-file.ts';
import { replaceFile } from '../files/write-file.ts';
import type { CallOptions, ImageSink, ImageSource } from '../interface.ts';
import { blobFile, hasBlob, putLayoutBlob, stagingFolder } from './layout-blobs.ts';
import { layoutSource } from './layout-source.ts';

export interface OpenLayoutOptions {
  /** The folder; made by the first blob when it is not there. */
  readonly path: string;
  /** The name or digest that `resolve` takes when it gets none. */
  readonly reference?: string | undefined;
}

/**
 * An OCI image layout, as source and as sink.
 *
 * As a sink: blobs appear whole by rename, `index.json` changes last and in one step, and only what was put since
 * is changed in it. Copies into the same layout may run at once, from several processes too. After a kill the
 * folder is the layout of before plus blobs nobody names; parts of blobs wait in `.berth` for the next copy.
 *
 * @see image-spec v1.1 image-layout.md
 */
export function openLayout({ path: root, reference }: OpenLayoutOptions): ImageSource & ImageSink {
  const location = `oci:${root}`;
  const source = layoutSource(folderFiles(root), { location, reference });
  const named = new Map<string, Descriptor>();
  let last: Descriptor | undefined;
  return {
    ...source,
    hasManifest: (descriptor) => hasWhole(root, descriptor, new Set()),
    putBlob: (descriptor, open, options = {}) => putLayoutBlob(root, descriptor, { ...options, open }),
    async putManifest({ descriptor, bytes }, tags, options = {}) {
      async function* open() {
        yield bytes;
      }
      await putLayoutBlob(root, descriptor, { ...options, open });
      for (const tag of tags) named.set(tag, descriptor);
      last = descriptor;
    },
    async finish(options = {}) {
      // Of manifests put without a tag the last is the one the others belong to.
      const entries: [string | undefined, Descriptor][] = [...named];
      if (entries.length === 0 && last !== undefined) entries.push([undefined, last]);
      if (entries.length === 0) return;
      await writeIndex(root, entries, options).catch((error: unknown) => {
        throw fileFailure(error, `write "${join(root, LAYOUT_INDEX_FILE)}"`);
      });
      named.clear();
      last = undefined;
    },
  };
}

/** The manifest and all it leads to; a layout may hold an index whose images are elsewhere. */
async function hasWhole(root: string, descriptor: Descriptor, seen: Set<Digest>): Promise<boolean> {
  if (seen.has(descriptor.digest)) return true;
  seen.add(descriptor.digest);
  if (descriptor.size > MANIFEST_MAX_SIZE_BYTES || !(await hasBlob(root, descriptor))) return false;
  const bytes = await readFile(blobFile(root, descriptor.digest));
  const { blobs, manifests } = manifestLinks(parseManifest(bytes, descriptor.mediaType));
  for (const blob of blobs) if (!(await hasBlob(root, blob))) return false;
  for (const child of manifests) if (!(await hasWhole(root, child, seen))) return false;
  return true;
}

async function writeIndex(
  root: string,
  entries: readonly (readonly [string | undefined, Descriptor])[],
  { signal }: CallOptions,
): Promise<void> {
  await mkdir(root, { recursive: true });
  await withLock(
    join(root, '.berth.lock'),
    async () => {
      const header = await readIfThere(join(root, LAYOUT_HEADER_FILE));
      if (header === undefined)
        await replaceFile(join(root, LAYOUT_HEADER_FILE), [Buffer.from(formatLayoutHeader())]);
      else parseLayoutHeader(header);
      const bytes = await readIfThere(join(root, LAYOUT_INDEX_FILE));
      let index: Index = bytes === undefined ? emptyLayoutIndex() : parseLayoutIndex(bytes);
      for (const [name, descriptor] of entries) index = withLayoutEntry(index, descriptor, name);
      await replaceFile(join(root, LAYOUT_INDEX_FILE), [Buffer.from(formatLayoutIndex(index))]);
    },
    { signal },
  );
  await removeIfEmpty(stagingFolder(root));
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch((error: unknown) => {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Parts of other blobs stay for whoever finishes them. */
async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!hasCode(error) || !['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  });
}
