import { appendFile, rename, stat } from 'node:fs/promises';
import { hasCode } from '@berth/errors';

const FLUSH_MS = 50;
const FLUSH_BYTES = 256 * 1024;
/** Lines are dropped (and counted) rather than kept in memory when the disk does not take them. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/**
 * A text file that lines are appended to, in batches; `x.log` becomes `x.log.1`, `.2` … as it grows.
 * Writing never throws and never waits: a log is no reason for a request to fail.
 */
export class RotatingFile implements AsyncDisposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #size: number | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(path: string, options: { readonly maxBytes?: number; readonly keep?: number } = {}) {
    this.#path = path;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#keep = options.keep ?? 4;
  }

  /** Lines that could not be written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param line with its newline; pino's stream contract */
  write(line: string): void {
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes >= FLUSH_BYTES) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Resolves when everything written so far is in the file, or is lost. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = this.#work.then(() => this.#append());
    return this.#work;
  }

  async #append(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const lines = this.#waiting;
    const text = lines.join('');
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      this.#size ??= await sizeOf(this.#path);
      if (this.#size > 0 && this.#size + text.length > this.#maxBytes) await this.#rotate();
      await appendFile(this.#path, text, { mode: 0o600 });
      this.#size += Buffer.byteLength(text);
    } catch (error) {
      if (!hasCode(error)) throw error;
      this.#dropped += lines.length;
    }
  }

  async #rotate(): Promise<void> {
    for (let index = this.#keep - 1; index >= 0; index--) {
      const from = index === 0 ? this.#path : `${this.#path}.${index}`;
      await rename(from, `${this.#path}.${index + 1}`).catch(ignoreMissing);
    }
    this.#size = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(ignoreMissing);
  return found?.size ?? 0;
}

function ignoreMissing(error: unknown): undefined {
  if (hasCode(error) && error.code === 'ENOENT') return undefined;
  throw error;
}
