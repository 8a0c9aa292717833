import type { BlobStore, Ingest } from '@berth/content';
import { hasCode } from '@berth/errors';
import { RegistryError } from '../errors.ts';

const IDLE_MS = 60_000;
/** Open files of sessions between two requests. */
const IDLE_MAX = 128;
/** How long a question about the offset waits for a request that still writes. */
const SETTLE_MS = 1000;

interface Entry {
  readonly opening: Promise<Ingest>;
  /** Once it is open. */
  ingest: Ingest | undefined;
  /** Who asks how far it is while a request writes; called when that ends. */
  readonly waiting: Set<() => void>;
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

  /**
   * Bytes received so far. While a request writes, its end is waited for, up to a second: after a cut the client asks before what it
   * sent was read, and an offset that still moves would cost it the next try.
   */
  async offset(id: string): Promise<number> {
    const entry = await this.#entry(id);
    const ingest = await entry.opening;
    if (entry.isBusy) await quiet(entry);
    else this.release(id);
    return ingest.offset;
  }

  /**
   * Gives the ingest to one caller, who ends with `release` or `forget`.
   *
   * @throws {RegistryError} `BLOB_UPLOAD_INVALID` while another request has it
   */
  async hold(id: string): Promise<Ingest> {
    const entry = await this.#entry(id);
    if (entry.isBusy) throw busy(id);
    entry.isBusy = true;
    clearTimeout(entry.timer);
    return await entry.opening;
  }

  /** The session goes on later. */
  release(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.isBusy = false;
    for (const wake of entry.waiting) wake();
    clearTimeout(entry.timer);
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
    for (const wake of entry.waiting) wake();
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
    this.#closing.set(id, this.#dispose(id, entry));
  }

  async #dispose(id: string, entry: Entry): Promise<void> {
    try {
      await entry.ingest?.[Symbol.asyncDispose]();
    } finally {
      this.#closing.delete(id);
    }
  }

  async #entry(id: string): Promise<Entry> {
    await this.#closing.get(id);
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const entry: Entry = {
      opening: this.#open(id),
      ingest: undefined,
      waiting: new Set(),
      isBusy: false,
      timer: undefined,
    };
    this.#entries.set(id, entry);
    entry.opening.then(
      (ingest) => {
        entry.ingest = ingest;
      },
      () => this.#entries.delete(id),
    );
    return entry;
  }

  async #open(id: string): Promise<Ingest> {
    try {
      return await this.#blobs.resumeIngest(id);
    } catch (error) {
      if (hasCode(error) && error.code === 'INGEST_BUSY') throw busy(id);
      if (!hasCode(error) || error.code !== 'INGEST_UNKNOWN') throw error;
      return await this.#blobs.startIngest(id);
    }
  }
}

function quiet(entry: Entry): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      entry.waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, SETTLE_MS);
    entry.waiting.add(wake);
  });
}

function busy(id: string): RegistryError {
  return new RegistryError(
    'BLOB_UPLOAD_INVALID',
    `Cannot use upload session "${id}": another request is writing to it`,
    { hint: 'Wait for that request to end, then ask for the status of the session with GET' },
  );
}
