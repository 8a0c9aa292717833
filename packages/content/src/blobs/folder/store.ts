import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { hasCode } from '@berth/errors';
import type { Digest, DigestAlgorithm } from '@berth/oci';
import type { Leases } from '../../leases/interface.ts';
import { assertIngestId, blobLeased, ingestBusy, ingestExists, ingestUnknown } from '../errors.ts';
import type { BlobInfo, BlobReader, BlobStore, Ingest, IngestInfo } from '../interface.ts';
import { BufferPool } from './buffer-pool.ts';
import { makeFolder, makeFolders, syncFolder, translateDiskFull } from './disk.ts';
import { HashThread } from './hash-thread.ts';
import { FolderIngest, type IngestHost } from './ingest.ts';
import { IngestHash } from './ingest-hash.ts';
import { algorithmPath, blobPath, FILE_MODE, ingestPath, SHARDS, shardPath, stagingPath } from './paths.ts';
import { FolderBlobReader } from './reader.ts';
import type { ContentStep } from './steps.ts';
import { statFile, unlinkFile, walkBlobs, walkStaging } from './walk.ts';

export interface FolderBlobStoreOptions {
  /** Absolute; made where it is not there. One process at a time writes to it. */
  readonly path: string;
  /** Asked before a blob is removed. */
  readonly leases?: Leases;
  /** Called at each of `CONTENT_STEPS`; for crash tests and traces. */
  readonly onStep?: (step: ContentStep) => void;
  /** The disk begins to write after every so many bytes, so that the sync at the end is short. Default 32 MiB. */
  readonly syncEveryBytes?: number;
}

export interface SweptStaging {
  readonly removed: number;
  readonly sizeBytes: number;
}

export interface FolderBlobStore extends BlobStore {
  /** Removes every ingest that nobody has open and that is not in `keep`; for the sweep at start. */
  removeStaging(keep: ReadonlySet<string>): Promise<SweptStaging>;
}

/** Ingests that were closed in this process and may be resumed without hashing again; the oldest leaves first. */
const PARKED = 1024;
const SYNC_EVERY_BYTES = 32 * 1024 * 1024;

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const CREATE = O_RDWR | O_CREAT | O_EXCL;
const RESUME = O_RDWR | O_NOFOLLOW;

interface Parked {
  readonly offset: number;
  readonly hash: IngestHash;
}

class FolderStore implements FolderBlobStore {
  readonly #root: string;
  readonly #leases: Leases | undefined;
  readonly #thread: HashThread;
  readonly #readPool = new BufferPool();
  readonly #host: IngestHost;
  /** Ingests that somebody has open, or is about to. */
  readonly #busy = new Map<string, FolderIngest | undefined>();
  readonly #parked = new Map<string, Parked>();
  readonly #algorithms = new Map<DigestAlgorithm, Promise<void>>();

  constructor(options: FolderBlobStoreOptions, thread: HashThread) {
    this.#root = options.path;
    this.#thread = thread;
    this.#leases = options.leases;
    this.#host = {
      root: options.path,
      pool: new BufferPool(),
      syncEveryBytes: options.syncEveryBytes ?? SYNC_EVERY_BYTES,
      step: options.onStep ?? (() => {}),
      ensureAlgorithm: (algorithm) => this.ensureAlgorithm(algorithm),
      release: (id, rest) => this.#release(id, rest),
    };
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const file = await statFile(blobPath(this.#root, digest));
    return file === undefined ? undefined : { digest, size: file.size };
  }

  async open(digest: Digest): Promise<BlobReader | undefined> {
    const path = blobPath(this.#root, digest);
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch (error) {
      if (hasCode(error) && error.code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const { size } = await file.stat();
      return new FolderBlobReader({ digest, size, file, path, pool: this.#readPool });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async startIngest(id: string): Promise<Ingest> {
    assertIngestId(id);
    if (this.#busy.has(id)) throw ingestExists(id);
    this.#host.step('content.stage');
    const ingest = await this.#take(id, async () => {
      const file = await this.#openIngest(id, CREATE);
      return { file, offset: 0, hash: this.#hash(id, 0) };
    });
    this.#host.step('content.staged');
    return ingest;
  }

  async resumeIngest(id: string): Promise<Ingest> {
    assertIngestId(id);
    if (this.#busy.has(id)) throw ingestBusy(id);
    return await this.#take(id, async () => {
      const file = await this.#openIngest(id, RESUME);
      const { size } = await file.stat();
      const parked = this.#parked.get(id);
      this.#parked.delete(id);
      if (parked?.offset === size) return { file, offset: size, hash: parked.hash };
      parked?.hash[Symbol.dispose]();
      return { file, offset: size, hash: this.#hash(id, size) };
    });
  }

  async *listIngests(): AsyncIterable<IngestInfo> {
    for await (const { id, size, birthtime, mtime } of walkStaging(this.#root)) {
      const offset = this.#busy.get(id)?.offset ?? size;
      yield { id, offset, startedAt: birthtime, updatedAt: mtime };
    }
  }

  async delete(digest: Digest): Promise<boolean> {
    const held = await this.#leases?.held([digest]);
    if (held?.has(digest)) throw blobLeased(digest);
    const isRemoved = await unlinkFile(blobPath(this.#root, digest));
    if (isRemoved) await syncFolder(shardPath(this.#root, digest));
    return isRemoved;
  }

  list(): AsyncIterable<BlobInfo> {
    return walkBlobs(this.#root);
  }

  async removeStaging(keep: ReadonlySet<string>): Promise<SweptStaging> {
    let removed = 0;
    let sizeBytes = 0;
    for await (const { id, size } of walkStaging(this.#root)) {
      if (keep.has(id) || this.#busy.has(id)) continue;
      if (!(await unlinkFile(ingestPath(this.#root, id)))) continue;
      this.#unpark(id);
      removed += 1;
      sizeBytes += size;
    }
    return { removed, sizeBytes };
  }

  /** Makes the folders that blobs of this algorithm go to, once. */
  ensureAlgorithm(algorithm: DigestAlgorithm): Promise<void> {
    const known = this.#algorithms.get(algorithm);
    if (known !== undefined) return known;
    const made = makeFolders(algorithmPath(this.#root, algorithm), SHARDS);
    this.#algorithms.set(algorithm, made);
    made.catch(() => this.#algorithms.delete(algorithm));
    return made;
  }

  /** Ingests that are still open keep their bytes. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const ingest of [...this.#busy.values()]) await ingest?.[Symbol.asyncDispose]();
    await this.#thread[Symbol.asyncDispose]();
  }

  #hash(id: string, offset: number): IngestHash {
    return new IngestHash(this.#thread, { path: ingestPath(this.#root, id), offset });
  }

  async #openIngest(id: string, flags: number): Promise<FileHandle> {
    const path = ingestPath(this.#root, id);
    try {
      return await open(path, flags, FILE_MODE);
    } catch (error) {
      if (hasCode(error) && error.code === 'EEXIST') throw ingestExists(id);
      if (hasCode(error) && error.code === 'ENOENT') throw ingestUnknown(id);
      throw await translateDiskFull(error, path);
    }
  }

  /** The place is taken before the file is opened: two calls at once must not both get it. */
  async #take(
    id: string,
    openFile: () => Promise<{ file: FileHandle; offset: number; hash: IngestHash }>,
  ): Promise<Ingest> {
    this.#busy.set(id, undefined);
    try {
      const ingest = new FolderIngest(id, { host: this.#host, ...(await openFile()) });
      this.#busy.set(id, ingest);
      return ingest;
    } catch (error) {
      this.#busy.delete(id);
      throw error;
    }
  }

  #release(id: string, rest: Parked | undefined): void {
    this.#busy.delete(id);
    if (rest === undefined) return;
    this.#parked.set(id, rest);
    if (this.#parked.size <= PARKED) return;
    for (const oldest of this.#parked.keys()) {
      this.#unpark(oldest);
      return;
    }
  }

  #unpark(id: string): void {
    this.#parked.get(id)?.hash[Symbol.dispose]();
    this.#parked.delete(id);
  }
}

/**
 * Opens a store in a folder. What a process of before has left in `staging` stays until `removeStaging`.
 *
 * @throws {ContentError} `DISK_FULL`
 */
export async function openFolderBlobStore(options: FolderBlobStoreOptions): Promise<FolderBlobStore> {
  const path = resolve(options.path);
  await using opened = new AsyncDisposableStack();
  const store = new FolderStore({ ...options, path }, opened.use(await HashThread.open()));
  try {
    await makeFolder(stagingPath(path));
    await store.ensureAlgorithm('sha256');
  } catch (error) {
    throw await translateDiskFull(error, path);
  }
  opened.move();
  return store;
}
