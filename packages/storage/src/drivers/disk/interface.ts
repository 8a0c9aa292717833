/**
 * Work on whole trees that takes long: done by a worker thread, started when it is needed and ended when it has had
 * nothing to do for a while. Small trees are removed and measured at once, on the calling thread.
 *
 * No call follows a symlink of a tree, also where a container changes the tree meanwhile.
 */
export interface DiskWork extends AsyncDisposable {
  /**
   * Copies a tree that nobody changes, file by file: by reflink where the file system can, else its bytes with their holes.
   * Owners, modes, times, xattrs, devices, pipes and hard links within the tree stay. `target` must not be there.
   * Not synced. After a failure or an abort the half-made target stays: the caller removes it.
   *
   * @throws {StorageError} `DISK_FULL`; what the file system says else
   */
  copyTree(source: string, target: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Removes a tree, files with the immutable flag included. Nothing there is fine. @returns bytes of disk freed */
  removeTree(path: string): Promise<number>;
  /** Bytes of disk that a tree takes, each file once however many names it has. Nothing there takes nothing. */
  measureTree(path: string, options?: { readonly signal?: AbortSignal }): Promise<number>;
}
