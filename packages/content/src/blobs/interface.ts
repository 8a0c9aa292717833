/**
 * The contract of a content store: immutable bytes under their digest.
 *
 * Terms
 * - *blob*: bytes that are in the store, whole, verified and durable. A blob never changes.
 * - *ingest*: bytes on their way in. It has an id that the caller chose, survives a restart, and is seen by
 *   nobody but its owner.
 * - *commit*: verify, sync, rename, sync of the folder: the ingest becomes a blob in one step.
 *
 * Life cycle of an ingest
 *
 *     startIngest(id) ──▶ write … write ──▶ commit ──▶ blob
 *          ▲                  │     │
 *     resumeIngest(id) ◀── crash    └──▶ abort ──▶ nothing
 *
 * Example
 *
 *     await using ingest = await store.startIngest(randomUUID());
 *     await ingest.write(request, { signal });
 *     const { digest, size } = await ingest.commit({ digest: announced });
 *
 * Disposing of an ingest that was neither committed nor aborted closes its file and keeps its bytes, so that
 * `resumeIngest` can go on with them. Every implementation runs `blobStoreSuite` (testsuite.ts).
 */
import type { Digest, DigestAlgorithm } from '@berth/oci';

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** First and last byte, both inside (RFC 9110, 14.1.2). */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface BlobReader extends AsyncDisposable {
  readonly digest: Digest;
  /** Bytes of the whole blob, also when a range was asked for. */
  readonly size: number;
  /**
   * The bytes, in chunks of 64 KiB or more but for the last. May be called once.
   * A chunk is only valid until the next one is asked for: implementations may use its memory again.
   */
  stream(options?: { readonly range?: ByteRange; readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
}

export interface IngestInfo {
  readonly id: string;
  /** Bytes received so far; where the next write begins. */
  readonly offset: number;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** The ingest may not grow beyond this many bytes in all: `BLOB_TOO_LARGE`, and the bytes so far are kept. */
  readonly maxSizeBytes?: number;
}

export interface CommitOptions {
  /** Without a digest the blob is stored under the digest of `algorithm` (default sha256). */
  readonly digest?: Digest;
  readonly size?: number;
  readonly algorithm?: DigestAlgorithm;
  readonly signal?: AbortSignal;
}

export interface Ingest extends AsyncDisposable {
  readonly id: string;
  readonly offset: number;

  /**
   * Appends. What arrived before an abort, a broken source or a full disk counts and stays; only after the disk
   * failed to sync is nothing of it trusted, and `offset` is 0 again. A chunk is used until the next one is asked
   * for and not after it: the source may use its memory again.
   *
   * @returns the new offset
   * @throws {ContentError} `BLOB_TOO_LARGE`, `DISK_FULL`, `INGEST_CLOSED`; whatever the source throws
   */
  write(source: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<number>;

  /**
   * Makes the bytes written so far visible under their digest.
   *
   * Idempotent over the store: success means "the blob is there", not "this call put it there". Readers see the
   * whole blob or nothing. After a mismatch or a failed sync the ingest is gone: its bytes are wrong. After an
   * abort by the signal it is closed and can be resumed.
   *
   * @throws {OciError} `DIGEST_MISMATCH`, `SIZE_MISMATCH`
   * @throws {ContentError} `DISK_FULL`, `INGEST_CLOSED`
   */
  commit(options?: CommitOptions): Promise<BlobInfo>;

  /** Forgets the bytes. May be called twice, and after commit, where it does nothing. */
  abort(): Promise<void>;
}

export interface BlobStore extends AsyncDisposable {
  /** @returns `undefined` where there is no such blob */
  stat(digest: Digest): Promise<BlobInfo | undefined>;

  /** @returns `undefined` where there is no such blob; the caller closes the reader */
  open(digest: Digest): Promise<BlobReader | undefined>;

  /** @throws {ContentError} `INGEST_EXISTS`, `INGEST_ID_INVALID`, `DISK_FULL` */
  startIngest(id: string): Promise<Ingest>;

  /**
   * Goes on with an ingest of before, also of before a restart; bytes that were hashed by nobody alive are
   * hashed again at commit. One owner at a time: `INGEST_BUSY`.
   *
   * @throws {ContentError} `INGEST_UNKNOWN`, `INGEST_BUSY`
   */
  resumeIngest(id: string): Promise<Ingest>;

  /** What is on its way in, busy or not, in no order. */
  listIngests(): AsyncIterable<IngestInfo>;

  /**
   * Removes a blob; `false` where there is none. Who reads it now reads on to its end.
   *
   * @throws {ContentError} `BLOB_LEASED` when a lease given to the store names it
   */
  delete(digest: Digest): Promise<boolean>;

  /** Every blob, in no order. For checks and sweeps, not for answering a request: it walks. */
  list(): AsyncIterable<BlobInfo>;
}
