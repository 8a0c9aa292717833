/**
 * Trees: what is between a tar and a folder. Shared by all drivers; knows no database and no chainIDs.
 *
 * All work on untrusted entries and on folders that a container wrote is done by jailed workers (`visitJail`), or
 * component by component without ever following a symlink of the tree. Paths inside a tree are relative, without a
 * leading slash, in the byte-true strings of @berth/oci.
 */
import type { DiffID } from '@berth/oci';
import type { LayerForm } from '../drivers/interface.ts';
import type { Change } from '../layers/interface.ts';

export type TreeFolder = LayerForm & { readonly path: string };

/** What the order of layers still has to settle in a layer that was unpacked without its parent. */
export interface SettleNotes {
  /** Directories that no entry of this layer made (implied parents), parents before children; `''` is the root. */
  readonly impliedDirectories: readonly string[];
  /** Hard links whose target is not in this layer: `path` becomes a link to `target` of the layers below, copied up. */
  readonly foreignLinks: readonly { readonly path: string; readonly target: string }[];
  /** All that the layers below have at the root is hidden: no folder of changes can say that of its own root. */
  readonly isRootOpaque?: boolean;
}

export interface Unpacked {
  readonly diffID: DiffID;
  /** Bytes of the whole uncompressed stream, what follows the closing blocks included. */
  readonly tarSizeBytes: number;
  /** Bytes of regular files. */
  readonly sizeBytes: number;
  readonly entries: number;
  readonly settle: SettleNotes;
}

export interface UnpackOptions {
  readonly signal?: AbortSignal;
  /** Compressed or plain bytes read from the source so far. */
  readonly onProgress?: (doneBytes: number) => void;
  /** The file in which the tar's own bytes (headers, padding) are kept, so that `rebuildTar` can give it back. */
  readonly tarSplitPath: string;
  /** Stop here: a decompression bomb, default 64 GiB of uncompressed tar and 20,000,000 entries. */
  readonly maxTarBytes?: number;
  readonly maxEntries?: number;
}

export interface SettleOptions {
  readonly signal?: AbortSignal;
  /** The file that `unpack` wrote: it is told what moved, so that `rebuildTar` finds it. */
  readonly tarSplitPath: string;
}

/**
 * The workers that touch trees: at most `workers` that unpack and as many that read, started when needed and ended when
 * idle for a while. More calls wait for their turn. After an abort a promise rejects only when its worker has left the job.
 */
export interface TreeWorkers extends AsyncDisposable {
  /** How many trees are unpacked at a time. */
  readonly sideBySide: number;
  /** Starts up to `count` workers ahead of the work that is about to come; they end when none comes. */
  warm(count: number): void;
  /**
   * Unpacks into `folder`, which is empty (`changes`) or the parent's tree (`tree`, where whiteouts remove at once what was
   * there before this layer). Not synced. After a failure or an abort folder and tar-split file are half made and the
   * caller's to remove; the source is closed, but a read of it that is under way is not waited for.
   *
   * @throws {StorageError} `LAYER_REFUSED`, `DISK_FULL`, `DISK_FAILED`
   * @throws {OciError} `TAR_INVALID`, `COMPRESSION_INVALID`; whatever the source throws
   */
  unpack(folder: TreeFolder, source: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<Unpacked>;
  /**
   * Gives a layer of the form `changes` the tree that unpacking in order would have given: implied directories take
   * the attributes of the parents' directory, move to where a parents' symlink leads (usrmerge), foreign links are
   * copied up and linked. `parents`: nearest first; none for a base layer, which is settled too. Once for each unpacking.
   * A layer with empty notes costs nothing.
   *
   * @throws {StorageError} `LAYER_REFUSED`: what unpacking in order would have refused; `DISK_FULL`, `DISK_FAILED`
   */
  settle(
    folder: TreeFolder,
    notes: SettleNotes,
    parents: readonly TreeFolder[],
    options: SettleOptions,
  ): Promise<void>;
  /**
   * What changed, sorted by path as `docker diff` has it: a directory for its attributes or for what is in it, not for its
   * times alone; the root never. With a `changes` folder only that folder is walked.
   */
  changes(
    difference: TreeDifference,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly Change[]>;
  /**
   * The canonical tar of a difference: in each directory by the bytes of the entries' names, no atime and ctime, a whiteout
   * for each thing that is gone (never an opaque marker), sockets left out. What is equal to its parent's in all attributes
   * and content is dropped, but for the directories that lead to an entry: other engines do not look them up below. The
   * root has an entry only when its owner, mode or attributes differ.
   *
   * A stream holds a worker from its first chunk to its last, so read it without waiting for another one.
   * @throws {StorageError} `LAYER_REFUSED` for a name that would be a whiteout
   */
  writeDiff(
    difference: TreeDifference,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /**
   * The exact tar that was unpacked, from its folder and its tar-split file. Each content is compared with the checksum it
   * had; headers come from the tar-split file, whatever happened to a file's attributes.
   * @throws {StorageError} `LAYER_DAMAGED` naming the file that changed
   */
  rebuildTar(
    folder: TreeFolder,
    tarSplitPath: string,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /** Bytes of regular files, hard links once. */
  size(folder: TreeFolder, options?: { readonly signal?: AbortSignal }): Promise<number>;
  /** Bytes of regular files that `writeDiff` would write, without reading those that are new or differ in their attributes. */
  differenceSize(difference: TreeDifference, options?: { readonly signal?: AbortSignal }): Promise<number>;
}

/**
 * Two ways to name what changed: the folder of changes with the folders below it (nearest first), or two whole trees.
 * `ignored`: paths that are left out as long as they are what the init layer made (empty files, links, directories with
 * nothing else in them) or gone. Relative, as all paths here.
 */
export type TreeDifference = { readonly ignored?: readonly string[] } & (
  | { readonly changes: TreeFolder; readonly parents: readonly TreeFolder[] }
  | { readonly upper: string; readonly lower: string | undefined }
);
