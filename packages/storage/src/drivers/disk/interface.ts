import type { CopyTreeOptions } from './copy-tree.ts';
import type { MeasureOptions } from './measure-tree.ts';

/**
 * Work on whole trees that takes long: done by a worker thread, started when it is needed and ended when it has had
 * nothing to do for a while. Small trees are removed and measured at once, on the calling thread.
 *
 * No call follows a symlink of a tree, also where a container changes the tree meanwhile. Trees of any depth are removed, measured and
 * stripped with a few descriptors; what is mounted inside is no part of them.
 */
export interface DiskWork extends AsyncDisposable {
  /**
   * Copies a tree that nobody changes, file by file: by reflink where the file system can, else its bytes with their holes.
   * Owners, modes, times, xattrs, devices, pipes and hard links within the tree stay. `target` must not be there.
   * @returns whether the copy shares all its bytes with the source: each file was cloned that is not empty, and there was one
   *
   * Not synced. After a failure or an abort the half-made target stays: the caller removes it.
   *
   * @throws {StorageError} `DISK_FULL`; what the file system says else
   */
  copyTree(source: string, target: string, options?: CopyTreeOptions & Cancelable): Promise<boolean>;
  /**
   * The same tree again, on the same file system: its folders are new, all else has one name more. Neither tree may be written
   * to from then on but by taking names away and making new files. What can get no more names (EMLINK) is copied; names of one
   * file within the tree stay names of one. May leave `<target>.copies` when it fails.
   */
  linkTree(source: string, target: string, options?: Cancelable): Promise<void>;
  /**
   * Removes a tree, files with the immutable flag included, and on btrfs subvolumes in it, read-only ones too. Nothing there is fine.
   * @returns bytes of disk freed: a file that keeps a name elsewhere frees nothing
   * @throws {StorageError} `LAYER_BUSY` where something is mounted inside, or on it: of that nothing is touched. What is beside it may
   * be gone; after an unmount it can be tried again
   */
  removeTree(path: string): Promise<number>;
  /** Takes from files and folders of a tree what overlayfs or fuse-overlayfs has noted on them. Nothing there is fine. */
  stripAttributes(path: string): Promise<void>;
  /** Bytes of disk that a tree takes, each file once however many names it has. Nothing there takes nothing. */
  measureTree(path: string, options?: MeasureOptions & Cancelable): Promise<number>;
}

export interface Cancelable {
  readonly signal?: AbortSignal;
}
