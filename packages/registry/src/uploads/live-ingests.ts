import type { BlobStore, Ingest } from '@berth/content';
import { hasCode } from '@berth/errors';
import { RegistryError } from '../errors.ts';

const IDLE_MS = 60_000;
/** Open files of sessions between two requests. */
const IDLE_MAX = 128;

interface Entry {
  ingest: Ingest | undefined;
  isBusy: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Ingests by session, one request at a time. Between two requests an ingest stays open for a while, so that what
 * was hashed need not be hashed again; then it is closed and its bytes wait on the disk.
 */
export class LiveIngests implements AsyncDisposable {
  readonly #blobs: BlobStore;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Map<string, Promise<void>>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Bytes received so far, also while a request writes; `undefined` when it is not open. */
  offset(id: string): number | undefined {
    return this.#entries.get(id)?.ingest?.offset;
  }

  /**
   * Gives the ingest to one caller, who ends with `release` or `forget`.
   *
   * @throws {RegistryError} `BLOB_UPLOAD_INVALID` while another request has it
   */
  async hold(id: string): Promise<Ingest> {
    await this.#closing.get(id);
    const known = this.#entries.get(id);
    if (known !== undefined) {
      if (known.isBusy || known.ingest === undefined) throw busy(id);
      known.isBusy = true;
      clearTimeout(known.timer);
      return known.ingest;
    }
    const entry: Entry = { ingest: undefined, isBusy: true, timer: undefined };
    this.#entries.set(id, entry);
    try {
      entry.ingest = await this.#open(id);
      return entry.ingest;
    } catch (error) {
      this.#entries.delete(id);
      throw hasCode(error) && error.code === 'INGEST_BUSY' ? busy(id) : error;
    }
  }

  /** The session goes on later. */
  release(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.isBusy = false;
    entry.timer = setTimeout(() => this.#close(id, entry), IDLE_MS).unref();
    let idle = [...this.#entries.values()].filter((each) => !each.isBusy).length;
    for (const [other, each] of this.#entries) {
      if (idle <= IDLE_MAX) break;
      if (each.isBusy) continue;
      this.#close(other, each);
      idle -= 1;
    }
  }

  /** The session is over: its ingest was committed or aborted. */
  async forget(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.#entries.delete(id);
    await entry.ingest?.[Symbol.asyncDispose]();
  }

  /** Closes what is open; the bytes stay for a later `hold`, also of another process. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const [id, entry] of this.#entries) this.#close(id, entry);
    await Promise.all(this.#closing.values());
  }

  #close(id: string, entry: Entry): void {
    clearTimeout(entry.timer);
    this.#entries.delete(id);
    if (entry.ingest === undefined) return;
    this.#closing.set(id, this.#dispose(id, entry.ingest));
  }

  async #dispose(id: string, ingest: Ingest): Promise<void> {
    try {
      await ingest[Symbol.asyncDispose]();
    } finally {
      this.#closing.delete(id);
    }
  }

  async #open(id: string): Promise<Ingest> {
    try {
      return await this.#blobs.resumeIngest(id);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'INGEST_UNKNOWN') throw error;
      return await this.#blobs.startIngest(id);
    }
  }
}

function busy(id: string): RegistryError {
  return new RegistryError(
    'BLOB_UPLOAD_INVALID',
    `Cannot use upload session "${id}": another request is writing to it`,
    { hint: 'Wait for that request to end, then ask for the status of the session with GET' },
  );
}
