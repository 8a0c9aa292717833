import type { FileHandle } from 'node:fs/promises';
import { rename, unlink } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { type Digest, type DigestAlgorithm, Digester, digestAlgorithm } from '@berth/oci';
import { abortable } from '../abortable.ts';
import { assertDigest, assertSize, blobTooLarge, ingestClosed } from '../errors.ts';
import type { BlobInfo, CommitOptions, Ingest, WriteOptions } from '../interface.ts';
import { AppendFile } from './append-file.ts';
import type { BufferPool } from './buffer-pool.ts';
import { syncFolder, translateDiskFull } from './disk.ts';
import type { IngestHash } from './ingest-hash.ts';
import { blobPath, ingestPath, shardPath } from './paths.ts';
import { readFileRange } from './read-file.ts';
import type { ContentStep } from './steps.ts';

/** What an ingest needs of its store. */
export interface IngestHost {
  readonly root: string;
  readonly pool: BufferPool;
  readonly syncEveryBytes: number;
  step(name: ContentStep): void;
  ensureAlgorithm(algorithm: DigestAlgorithm): Promise<void>;
  /** The ingest is no longer anybody's; `hash` is that of exactly the `offset` bytes of it. */
  release(id: string, rest?: { readonly offset: number; readonly hash: IngestHash }): void;
}

export class FolderIngest implements Ingest {
  readonly id: string;
  readonly #host: IngestHost;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #stop = new AbortController();
  #offset: number;
  readonly #hash: IngestHash;
  #writing: Promise<number> | undefined;
  #isClosed = false;
  #isSyncFailed = false;

  constructor(
    id: string,
    options: {
      readonly host: IngestHost;
      readonly file: FileHandle;
      readonly offset: number;
      readonly hash: IngestHash;
    },
  ) {
    this.id = id;
    this.#host = options.host;
    this.#path = ingestPath(options.host.root, id);
    this.#file = options.file;
    this.#offset = options.offset;
    this.#hash = options.hash;
  }

  get offset(): number {
    return this.#offset;
  }

  async write(source: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<number> {
    if (this.#isClosed) throw ingestClosed(this.id, 'write to');
    if (this.#writing !== undefined) throw new Error(`The ingest "${this.id}" is being written to already`);
    this.#writing = this.#append(source, options);
    try {
      return await this.#writing;
    } finally {
      this.#writing = undefined;
    }
  }

  async commit(options: CommitOptions = {}): Promise<BlobInfo> {
    if (this.#isClosed) throw ingestClosed(this.id, 'commit');
    if (this.#writing !== undefined) throw new Error(`The ingest "${this.id}" is still being written to`);
    options.signal?.throwIfAborted();
    this.#isClosed = true;
    let digest: Digest;
    try {
      digest = await this.#verify(options);
    } catch (error) {
      const isWrong = hasCode(error) && (error.code === 'DIGEST_MISMATCH' || error.code === 'SIZE_MISMATCH');
      if (isWrong || this.#isSyncFailed) {
        await this.#remove();
      } else {
        await this.#park();
      }
      throw error;
    }
    try {
      await this.#publish(digest);
    } catch (error) {
      throw await translateDiskFull(error, this.#path);
    }
    return { digest, size: this.#offset };
  }

  async abort(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#stopWriting();
    await this.#remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#stopWriting();
    await this.#park();
  }

  async #append(source: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<number> {
    const { signal, maxSizeBytes = Number.POSITIVE_INFINITY } = options;
    const { pool, syncEveryBytes } = this.#host;
    const start = this.#offset;
    const target = new AppendFile(this.#file, { offset: start, pool, syncEveryBytes });
    const stop = this.#stop.signal;
    let accepted = start;
    try {
      for await (const chunk of abortable(
        source,
        signal === undefined ? stop : AbortSignal.any([stop, signal]),
      )) {
        if (accepted + chunk.length > maxSizeBytes) throw blobTooLarge(this.id, maxSizeBytes);
        this.#hash.update(chunk);
        accepted += chunk.length;
        await target.append(chunk);
        this.#offset = target.written;
        this.#hash.written(target.written);
      }
    } catch (error) {
      // What arrived counts; a second failure while keeping it must not hide the first.
      await target.finish().catch(() => {});
      await this.#settle(target, accepted);
      throw await translateDiskFull(error, this.#path);
    }
    try {
      await target.finish();
    } catch (error) {
      await this.#settle(target, accepted);
      throw await translateDiskFull(error, this.#path);
    }
    await this.#settle(target, accepted);
    this.#host.step('content.written');
    return this.#offset;
  }

  /** Brings offset, hash and file to what is really there. */
  async #settle(target: AppendFile, accepted: number): Promise<void> {
    // After a failed sync the kernel forgets which pages were lost: nothing of the file can be trusted.
    const kept = target.syncFailure === undefined ? target.written : 0;
    if (kept !== accepted) {
      this.#hash.cut(kept);
      await this.#file.truncate(kept);
    }
    this.#offset = kept;
  }

  async #verify(options: CommitOptions): Promise<Digest> {
    assertSize(this.#offset, options.size);
    const algorithm =
      options.digest === undefined ? (options.algorithm ?? 'sha256') : digestAlgorithm(options.digest);
    const digest = await this.#digest(algorithm, options);
    assertDigest(digest, options.digest);
    return digest;
  }

  async #digest(algorithm: DigestAlgorithm, options: { readonly signal?: AbortSignal }): Promise<Digest> {
    // While the rest is hashed elsewhere, the disk writes the rest.
    const syncing = this.#hash.isFollowed ? this.#sync() : undefined;
    const [known] = await Promise.all([this.#hash.digest(algorithm, this.#offset), syncing]);
    options.signal?.throwIfAborted();
    if (known !== undefined) return known;
    const digester = new Digester(algorithm);
    const range = { first: 0, last: this.#offset - 1 };
    const { pool } = this.#host;
    for await (const chunk of readFileRange(this.#file, range, { ...options, pool, path: this.#path })) {
      digester.update(chunk);
    }
    return digester.digest();
  }

  /**
   * Sync, rename, sync of the folder. A blob of before under this name is replaced, not trusted: the new bytes
   * were verified a moment ago, the old ones at some time in the past. Who reads the old file reads on.
   */
  async #publish(digest: Digest): Promise<void> {
    const host = this.#host;
    try {
      await host.ensureAlgorithm(digestAlgorithm(digest));
    } catch (error) {
      await this.#park();
      throw error;
    }
    host.step('content.sync');
    try {
      await this.#sync();
    } catch (error) {
      await this.#remove();
      throw error;
    }
    host.step('content.synced');
    await this.#file.close();
    host.step('content.rename');
    try {
      await rename(this.#path, blobPath(host.root, digest));
    } finally {
      this.#forget();
    }
    host.step('content.renamed');
    host.step('content.dir-sync');
    await syncFolder(shardPath(host.root, digest));
    host.step('content.dir-synced');
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      // A second sync would say that all is well: the kernel tells of lost pages only once.
      this.#isSyncFailed = true;
      throw error;
    }
  }

  async #stopWriting(): Promise<void> {
    this.#stop.abort(ingestClosed(this.id, 'go on writing to'));
    // The writer gets the error; here it only matters that it has ended.
    await this.#writing?.catch(() => {});
  }

  /** Closes the file and keeps its bytes for `resumeIngest`. */
  async #park(): Promise<void> {
    await this.#file.close();
    this.#host.release(this.id, { offset: this.#offset, hash: this.#hash });
  }

  #forget(): void {
    this.#hash[Symbol.dispose]();
    this.#host.release(this.id);
  }

  /** Cut before it is unlinked: the hash thread may hold the file open, and its space would stay taken until then. */
  async #remove(): Promise<void> {
    try {
      await this.#file.truncate(0).finally(() => this.#file.close());
      await unlink(this.#path);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ENOENT') throw error;
    } finally {
      this.#forget();
    }
  }
}
