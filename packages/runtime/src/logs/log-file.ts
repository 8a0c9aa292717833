import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { hasCode } from '@berth/errors';

export interface LogFileOptions {
  /**
   *     <path>      the newest lines
   *     <path>.1    older ones … <path>.<maxFiles - 1> the oldest
   */
  readonly path: string;
  /** A file that has reached this is put aside before more is written; `Infinity` for never. */
  readonly maxSizeBytes: number;
  /** The current one included. */
  readonly maxFiles: number;
}

/**
 * A file that is only added to, and put aside when it is large. Writing is synchronous: when it returns the bytes are the
 * kernel's, whatever happens to this process.
 */
export class LogFile implements Disposable {
  readonly #options: LogFileOptions;
  #fd: number | undefined;
  #size = 0;
  #lost = 0;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#open();
  }

  /** Bytes in the current file. */
  get size(): number {
    return this.#size;
  }

  /** Lines that could not be written, because the disk was full. */
  get lostLines(): number {
    return this.#lost;
  }

  /** Puts the file aside when it is due. Call it before `append`, never in the middle of what belongs together. */
  rotateIfDue(): void {
    if (this.#size < this.#options.maxSizeBytes) return;
    this.#close();
    try {
      rotate(this.#options);
    } finally {
      // Also when it could not be put aside: then it grows on.
      this.#open();
    }
  }

  /**
   * Whole lines. On a full disk those that do not fit are counted as lost, and no part of one stays: the next is readable.
   *
   * @throws what has nothing to do with room on the disk
   */
  append(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
    const fd = this.#fd;
    if (fd === undefined) return;
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(fd, bytes, done);
      this.#size += bytes.length;
    } catch (error) {
      const whole = bytes.lastIndexOf(LINE_FEED, done - 1) + 1;
      this.#size += done === 0 ? 0 : whole;
      ftruncateSync(fd, this.#size);
      if (!hasCode(error) || !NO_ROOM.has(error.code)) throw error;
      this.#lost += countLines(done === 0 ? bytes : bytes.subarray(whole));
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #open(): void {
    // A symlink in its place is none of ours: bytes of a container would go wherever it points (CVE-2026-53489).
    const fd = openSync(this.#options.path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o640);
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
    // A line that a power cut has torn must not swallow the next one.
    if (this.#size > 0 && lastByte(fd, this.#size) !== LINE_FEED) this.append('\n');
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
const LINE_FEED = 10;
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Renames from the oldest on, so that a kill in between leaves a gap in the numbers and every file. */
function rotate({ path, maxFiles }: LogFileOptions): void {
  if (maxFiles <= 1) {
    // Not truncated: who reads it now reads it to its end.
    rmSync(path, { force: true });
    return;
  }
  for (let number = maxFiles - 1; number >= 1; number--) {
    const from = number === 1 ? path : `${path}.${number - 1}`;
    try {
      renameSync(from, `${path}.${number}`);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ENOENT') throw error;
    }
  }
}

function lastByte(fd: number, size: number): number | undefined {
  const byte = Buffer.alloc(1);
  return readSync(fd, byte, 0, 1, size - 1) === 1 ? byte[0] : undefined;
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === LINE_FEED) lines++;
  return lines;
}
