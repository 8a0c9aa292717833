import { appendFile, rename, stat } from 'node:fs/promises';
import { hasCode } from '@berth/errors';

const FLUSH_MS = 50;
/** Lines wait as bytes in a block of this size: as strings, the collector would copy each of them twice. */
const BLOCK_BYTES = 256 * 1024;
/** Lines are dropped (and counted) rather than kept in memory when the disk does not take them. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Of a UTF-16 unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * A text file that lines are appended to, in batches; `x.log` becomes `x.log.1`, `.2` … as it grows.
 * Writing never throws and never waits: a log is no reason for a request to fail.
 */
export class RotatingFile implements AsyncDisposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #size: number | undefined;
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;
  /** Of a written block, to be used again. */
  #spare: Buffer | undefined;
  /** Waiting before what is in the block. */
  #full: Buffer[] = [];
  #fullBytes = 0;
  #lines = 0;
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
    if (this.#fullBytes > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#lines++;
    if (line.length * MAX_BYTES_PER_UNIT > BLOCK_BYTES - this.#used) {
      this.#closeBlock();
      void this.flush();
    }
    if (line.length * MAX_BYTES_PER_UNIT > BLOCK_BYTES) {
      this.#wait(Buffer.from(line));
    } else {
      this.#used += this.#block.write(line, this.#used);
    }
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Resolves when everything written so far is in the file, or is lost. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = this.#work.then(() => this.#append());
    return this.#work;
  }

  #closeBlock(): void {
    if (this.#used === 0) return;
    this.#wait(this.#block.subarray(0, this.#used));
    this.#block = this.#spare ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#spare = undefined;
    this.#used = 0;
  }

  #wait(bytes: Buffer): void {
    this.#full.push(bytes);
    this.#fullBytes += bytes.length;
  }

  async #append(): Promise<void> {
    this.#closeBlock();
    const [first, ...more] = this.#full;
    if (first === undefined) return;
    const bytes = more.length === 0 ? first : Buffer.concat([first, ...more]);
    const lines = this.#lines;
    this.#full = [];
    this.#fullBytes = 0;
    this.#lines = 0;
    try {
      this.#size ??= await sizeOf(this.#path);
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) await this.#rotate();
      await appendFile(this.#path, bytes, { mode: 0o600 });
      this.#size += bytes.length;
    } catch (error) {
      if (!hasCode(error)) throw error;
      this.#dropped += lines;
    }
    if (first.buffer.byteLength === BLOCK_BYTES) this.#spare = Buffer.from(first.buffer);
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
