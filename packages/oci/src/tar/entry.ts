/** What an entry makes on disk. A contiguous file (type flag 7) is a `file`. */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/** A run of stored bytes in a sparse file; what lies between two runs reads as zeros. Bytes, in order, apart. */
export interface SparseFragment {
  readonly offset: number;
  readonly length: number;
}

/**
 * One member of a layer tar, with every extension header already applied.
 *
 * Names (`path`, `linkPath`, `uname`, `gname`, names of xattrs) are strings that lose nothing: valid UTF-8 is
 * decoded, and each byte that is not stands as one lone surrogate U+DC80–U+DCFF. `pathToBytes` gives the exact
 * bytes back; a program that touches a file system must use it, since Node would write U+FFFD instead.
 */
export interface TarEntry {
  readonly type: TarEntryType;
  /** As it stands in the archive, a directory's closing slash included: `cleanEntryPath` before any use. */
  readonly path: string;
  /** Where a symlink points, or which earlier entry a hard link names; empty for the rest. */
  readonly linkPath: string;
  /** The twelve permission bits; type bits that some writers add are dropped. */
  readonly mode: number;
  /** 0 to 2^32−2: 2^32−1 means "leave as it is" to the kernel and is refused. */
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  /** Bytes of the file as a program reads it, holes of a sparse file included; 0 for all other types. */
  readonly size: number;
  /** Nanoseconds since 1970, negative before. */
  readonly mtime: bigint;
  readonly atime: bigint | undefined;
  readonly ctime: bigint | undefined;
  readonly devMajor: number;
  readonly devMinor: number;
  /** From `SCHILY.xattr.` records. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Present: the content that goes with this entry is only these runs, one after the other. */
  readonly sparse: readonly SparseFragment[] | undefined;
  /** Every PAX record in force for this entry, global ones included, as bytes. Not written back. */
  readonly pax: ReadonlyMap<string, Uint8Array>;
}

/** An entry with its content; content is empty for all but files. */
export interface TarItem {
  readonly entry: TarEntry;
  /**
   * The stored bytes, once, in chunks as large as the source gives them (views, never re-cut); what is not
   * read is skipped. Only until the next entry is asked for.
   */
  readonly content: AsyncIterable<Uint8Array>;
}

const NONE: ReadonlyMap<string, Uint8Array> = new Map();

/** An entry from the few fields that matter: owner 0:0, time 0, mode 0755 for directories and 0644 for the rest. */
export function makeTarEntry(
  fields: { readonly type: TarEntryType; readonly path: string } & Partial<TarEntry>,
): TarEntry {
  return {
    linkPath: '',
    mode: fields.type === 'directory' ? 0o755 : fields.type === 'symlink' ? 0o777 : 0o644,
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
    size: 0,
    mtime: 0n,
    atime: undefined,
    ctime: undefined,
    devMajor: 0,
    devMinor: 0,
    xattrs: NONE,
    sparse: undefined,
    pax: NONE,
    ...fields,
  };
}
