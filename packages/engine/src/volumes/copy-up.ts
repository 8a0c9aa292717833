import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { HeldFileSystem, nativePath } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { copyAttributes, copyTree } from './copy-tree.ts';
import { isEmptyFolder, type VolumeFolders } from './volume-folders.ts';
import type { VolumeRows } from './volume-rows.ts';

export interface CopyUpOptions {
  readonly rootfs: string;
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
}

interface Place {
  readonly rows: VolumeRows;
  readonly folders: VolumeFolders;
}

/**
 * Fills an empty volume with what the image has at a path. The data is made beside the volume, synced, and then moved in
 * name by name; a row says from when on it is whole, so that a start finishes what a crash interrupted. Containers that
 * have the volume already keep the folder they have.
 */
export async function copyUp({ rows, folders }: Place, name: string, options: CopyUpOptions): Promise<void> {
  const { rootfs, path, signal, onStep } = options;
  const { fill, tree, attributes } = fillPaths(folders, name);
  await rm(fill, { recursive: true, force: true });
  for (const folder of [fill, tree, attributes]) await mkdir(folder, { mode: 0o700 });
  try {
    using disk = HeldFileSystem.open(fill);
    const entries = await copyTree({ root: rootfs, path, target: tree, signal });
    if (entries === undefined) return;
    // Most often there is nothing to move.
    if (entries === 0) return await copyAttributes(tree, folders.data(name));
    await copyAttributes(tree, attributes);
    await disk.sync();
    onStep?.('volumes.before-filled');
    await rows.setFill(name, 'moving');
    onStep?.('volumes.filling');
  } finally {
    if ((await rows.find(name))?.fill !== 'moving') await rm(fill, { recursive: true, force: true });
  }
  await finishFill({ rows, folders }, name);
  onStep?.('volumes.filled');
}

/**
 *     _fill/tree/         the entries to move
 *     _fill/attributes/   an empty folder with owner, mode and times of the image's: those of `tree` change with each move
 */
function fillPaths(folders: VolumeFolders, name: string): Record<'fill' | 'tree' | 'attributes', string> {
  const fill = folders.fill(name);
  return { fill, tree: join(fill, 'tree'), attributes: join(fill, 'attributes') };
}

/** Moves what lies ready into the volume. Idempotent: what was moved is not there any more. */
export async function finishFill({ rows, folders }: Place, name: string): Promise<void> {
  const { fill, tree, attributes } = fillPaths(folders, name);
  const data = folders.data(name);
  for (const bytes of await readdir(tree, { encoding: 'buffer' })) {
    const entry = bytesToPath(bytes);
    await moveIn(join(tree, entry), join(data, entry));
  }
  // The folder's own attributes last: moving entries in changes its time.
  await copyAttributes(attributes, data);
  await rows.setFill(name, 'done');
  await rm(fill, { recursive: true, force: true });
}

/** What a running container put there meanwhile under the same name stays. */
async function moveIn(from: string, to: string): Promise<void> {
  try {
    await rename(nativePath(from), nativePath(to));
  } catch (error) {
    if (!hasCode(error) || !['EEXIST', 'ENOTEMPTY', 'EISDIR', 'ENOTDIR'].includes(error.code)) throw error;
    await rm(nativePath(from), { recursive: true, force: true });
  }
}

/** A volume whose data lies elsewhere (a folder of the host, a tmpfs) is filled in place. */
export async function copyInPlace(target: string, options: CopyUpOptions): Promise<void> {
  if (!(await isEmptyFolder(target))) return;
  await copyTree({ root: options.rootfs, path: options.path, target, signal: options.signal });
}
