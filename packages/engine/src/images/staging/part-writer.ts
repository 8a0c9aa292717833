import { type FileHandle, open } from 'node:fs/promises';

/** Written at once: each write wakes another thread, which costs more than the bytes do. */
const WRITE_BYTES = 1024 * 1024;
/** What is less waits so long, for a download that stands still. */
const WAIT_MS = 200;
/** Bytes that may wait for the disk before the download waits too. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Appends to a part while its bytes go on elsewhere. One write is under way at a time, so that whatever happens the
 * file is a beginning without holes; what arrives meanwhile is written together. What came is in the file a moment later, and all of
 * it when this is disposed of. Not synced.
 */
export class PartWriter implements AsyncDisposable {
  readonly #handle: FileHandle;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #position: number;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Looked at by a write that is under way, too, when it is done. */
  #leastBytes = WRITE_BYTES;
  #failure: unknown;

  private constructor(handle: FileHandle, position: number) {
    this.#handle = handle;
    this.#position = position;
  }

  /** Goes on at `position`; what the file has beyond it is cut off. */
  static async open(path: string, position: number): Promise<PartWriter> {
    const handle = await open(path, position === 0 ? 'w' : 'r+', 0o600);
    try {
      await handle.truncate(position);
      return new PartWriter(handle, position);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** `false`: the disk refuses, and nothing more will be written. The chunk must not be changed afterwards. */
  async append(chunk: Uint8Array): Promise<boolean> {
    if (this.#failure !== undefined) return false;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    this.#startWriting();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#leastBytes = 1;
      this.#startWriting();
    }, WAIT_MS);
    if (this.#waitingBytes > MAX_WAITING_BYTES) await this.#writing;
    return this.#failure === undefined;
  }

  #startWriting(): void {
    if (this.#writing !== undefined || this.#waitingBytes < this.#leastBytes) return;
    this.#writing = this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waitingBytes >= this.#leastBytes) {
        const chunks = this.#waiting;
        const bytes = this.#waitingBytes;
        this.#waiting = [];
        this.#waitingBytes = 0;
        const { bytesWritten } = await this.#handle.writev(chunks, this.#position);
        // Where the disk is nearly full, the kernel takes a part, without an error.
        if (bytesWritten < bytes) throw new Error('The disk took only a part');
        this.#position += bytes;
      }
    } catch (error) {
      this.#failure = error;
      this.#waiting = [];
      this.#waitingBytes = 0;
    } finally {
      this.#leastBytes = WRITE_BYTES;
      this.#writing = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#leastBytes = 1;
    this.#startWriting();
    await this.#writing;
    await this.#handle.close();
  }
}
