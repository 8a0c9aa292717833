/**
 * Upload sessions: bytes on their way in, and the step that makes them a blob.
 *
 *     start ──▶ append … append ──▶ finish ──▶ blob of the repository
 *                  │                   └─ 1. row: "committing <digest>"        (durable)
 *                  │                      2. bytes: verify, sync, rename       (the content store)
 *                  └─▶ cancel             3. row: blob, link; session is gone  (durable)
 *
 * A stop between 1 and 3 can leave bytes under their final name without a row. The next start finds them by the
 * rows of step 1, walks no folder, and takes them back (sweep-uploads.ts). So nobody sees a blob that was not
 * recorded, and no bytes stay that nothing knows of.
 */
import { randomUUID } from 'node:crypto';
import type { BlobInfo, BlobStore, Ingest } from '@berth/content';
import { hasCode } from '@berth/errors';
import type { Digest } from '@berth/oci';
import { RegistryError } from '../errors.ts';
import { linkBlob } from '../store/blobs.ts';
import type { UploadRow } from '../store/reads.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { ensureRepository } from '../store/repositories.ts';
import { LiveIngests } from './live-ingests.ts';

export interface UploadSessionsOptions {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly blobMaxSizeBytes: number;
  readonly onStep: (step: string) => void;
}

/** A part of the blob as a request sends it. */
export interface Part {
  readonly source: AsyncIterable<Uint8Array>;
  /** Where the client says it begins and ends; without it, it goes on where the session stands. */
  readonly range?: { readonly first: number; readonly last: number };
  readonly signal?: AbortSignal;
}

/** While it is younger than this, using a session does not write its row again. */
const TOUCH_AFTER_MS = 3_600_000;

export class UploadSessions implements AsyncDisposable {
  readonly #options: UploadSessionsOptions;
  readonly #store: RegistryStore;
  readonly #live: LiveIngests;

  constructor(options: UploadSessionsOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#live = new LiveIngests(options.blobs);
  }

  async start(session: {
    readonly repository: string;
    readonly subject: string;
    /** Known from the start when the whole blob comes with the first request. */
    readonly committing?: Digest;
  }): Promise<UploadRow> {
    const id = randomUUID();
    const { repository, subject } = session;
    const updatedAt = await this.#store.write(
      async ({ trx, now }) => {
        await trx
          .insertInto('uploads')
          .values({
            id,
            repository,
            subject,
            started_at: now,
            updated_at: now,
            committing: session.committing ?? null,
          })
          .execute();
        return now;
      },
      { actor: subject },
    );
    return { id, repository, subject, updatedAt };
  }

  /** Bytes received so far. */
  offset(row: UploadRow): Promise<number> {
    return this.#live.offset(row.id);
  }

  /**
   * Appends. What arrived before the client was gone or the wait too long counts and stays; when the disk is full
   * the session ends, with its bytes.
   *
   * @returns bytes received in all
   * @throws {RegistryError} `RANGE_INVALID`, `SIZE_INVALID`, `BLOB_UPLOAD_INVALID`
   */
  async append(row: UploadRow, part: Part): Promise<number> {
    const ingest = await this.#live.hold(row.id);
    try {
      return await this.#write(ingest, row, part);
    } catch (error) {
      if (isDiskFull(error)) await this.#giveUp(row, ingest);
      throw error;
    } finally {
      this.#live.release(row.id);
      await this.#touch(row);
    }
  }

  /**
   * Appends the last part, if there is one, and makes the whole a blob of the repository. Durable when it
   * resolves. Bytes of another digest are thrown away with their session.
   *
   * @throws {OciError} `DIGEST_MISMATCH`
   * @throws as `append` does
   */
  async finish(row: UploadRow, digest: Digest, part?: Part): Promise<BlobInfo> {
    const { onStep } = this.#options;
    const ingest = await this.#live.hold(row.id);
    try {
      await (part === undefined ? undefined : this.#write(ingest, row, part));
      onStep('registry.upload.before-intent');
      await this.#intend(row, digest);
      onStep('registry.upload.after-intent');
      const blob = await ingest.commit({ digest, ...signalOf(part) });
      onStep('registry.upload.before-link');
      await this.#link(row, blob);
      onStep('registry.upload.after-link');
      return blob;
    } catch (error) {
      if (hasCode(error) && error.code === 'DIGEST_MISMATCH') await this.#remove(row);
      if (isDiskFull(error)) await this.#giveUp(row, ingest);
      throw error;
    } finally {
      // Also when it failed: a commit closes its ingest. The bytes, where there are any, are opened again.
      await this.#live.forget(row.id);
    }
  }

  /** The whole blob in one request: nothing stays when it fails, because the client knows no session to go on with. */
  async whole(
    session: { readonly repository: string; readonly subject: string; readonly digest: Digest },
    part: Part,
  ): Promise<BlobInfo> {
    const { repository, subject, digest } = session;
    const { onStep } = this.#options;
    const row = await this.start({ repository, subject, committing: digest });
    onStep('registry.upload.after-intent');
    const ingest = await this.#live.hold(row.id);
    try {
      await this.#write(ingest, row, part);
      const blob = await ingest.commit({ digest, ...signalOf(part) });
      onStep('registry.upload.before-link');
      await this.#link(row, blob);
      onStep('registry.upload.after-link');
      return blob;
    } catch (error) {
      await ingest.abort();
      await this.#remove(row);
      throw error;
    } finally {
      await this.#live.forget(row.id);
    }
  }

  /** Forgets the bytes and the session. @throws {RegistryError} `BLOB_UPLOAD_INVALID` while another request writes */
  async cancel(row: UploadRow): Promise<void> {
    const ingest = await this.#live.hold(row.id);
    try {
      await this.#remove(row);
      await ingest.abort();
    } finally {
      await this.#live.forget(row.id);
    }
  }

  /** Closes files; sessions go on with the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#live[Symbol.asyncDispose]();
  }

  async #write(ingest: Ingest, row: UploadRow, part: Part): Promise<number> {
    const { range } = part;
    const limit = this.#options.blobMaxSizeBytes;
    if (range !== undefined && range.first !== ingest.offset)
      throw outOfOrder(row, range.first, ingest.offset);
    const end = range === undefined ? limit : Math.min(range.last + 1, limit);
    try {
      const offset = await ingest.write(part.source, { maxSizeBytes: end, ...signalOf(part) });
      if (range !== undefined && offset !== range.last + 1) throw wrongLength(row, range.last, offset);
      return offset;
    } catch (error) {
      const isBeyondRange = hasCode(error) && error.code === 'BLOB_TOO_LARGE' && end < limit;
      throw isBeyondRange ? wrongLength(row, end - 1, ingest.offset) : error;
    }
  }

  async #intend(row: UploadRow, digest: Digest): Promise<void> {
    await this.#store.write(
      ({ trx, now }) =>
        trx
          .updateTable('uploads')
          .set({ committing: digest, updated_at: now })
          .where('id', '=', row.id)
          .execute(),
      { actor: row.subject },
    );
  }

  async #link(row: UploadRow, blob: BlobInfo): Promise<void> {
    await this.#store.write(
      async (writing) => {
        const repository = await ensureRepository(writing, row.repository);
        await linkBlob(writing, repository.id, blob);
        await writing.trx.deleteFrom('uploads').where('id', '=', row.id).execute();
      },
      { actor: row.subject },
    );
  }

  /**
   * On a full disk half a blob holds the space that everybody lacks, and few clients come back for it. The bytes
   * go first: removing the row takes a little space too.
   */
  async #giveUp(row: UploadRow, ingest: Ingest): Promise<void> {
    await ingest.abort();
    await this.#remove(row);
    await this.#live.forget(row.id);
  }

  async #remove(row: UploadRow): Promise<void> {
    await this.#store.write(({ trx }) => trx.deleteFrom('uploads').where('id', '=', row.id).execute(), {
      actor: row.subject,
    });
  }

  async #touch(row: UploadRow): Promise<void> {
    if (this.#store.database.now().getTime() - row.updatedAt < TOUCH_AFTER_MS) return;
    await this.#store.write(
      ({ trx, now }) =>
        trx.updateTable('uploads').set({ updated_at: now }).where('id', '=', row.id).execute(),
      { actor: row.subject },
    );
  }
}

function signalOf(part: Part | undefined): { readonly signal?: AbortSignal } {
  return part?.signal === undefined ? {} : { signal: part.signal };
}

function isDiskFull(error: unknown): boolean {
  return hasCode(error) && error.code === 'DISK_FULL';
}

function wrongLength(row: UploadRow, last: number, offset: number): RegistryError {
  return new RegistryError(
    'SIZE_INVALID',
    `Cannot append to upload "${row.id}": the body has not the length of its Content-Range, which ends with byte ${last}`,
    { hint: `Go on from byte ${offset}`, detail: { expected: last + 1, actual: offset } },
  );
}

function outOfOrder(row: UploadRow, first: number, offset: number): RegistryError {
  return new RegistryError(
    'RANGE_INVALID',
    `Cannot append to upload "${row.id}": the part begins with byte ${first}, expected byte ${offset}`,
    { hint: `Send the bytes from ${offset} on`, detail: { expected: offset, actual: first } },
  );
}
