import { type FileHandle, open } from 'node:fs/promises';

/** Bytes that may wait for the disk before the download waits too. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Appends to a part while its bytes go on elsewhere. One write is under way at a time, so that whatever happens the
 * file is a beginning without holes; what arrives meanwhile is written together. Not synced.
 */
export class PartWriter implements AsyncDisposable {
  readonly #handle: FileHandle;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #position: number;
  #writing: Promise<void> | undefined;
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
    this.#writing ??= this.#drain();
    if (this.#waitingBytes > MAX_WAITING_BYTES) await this.#writing;
    return this.#failure === undefined;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
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
      this.#writing = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }
}
