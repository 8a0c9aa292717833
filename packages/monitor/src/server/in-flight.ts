import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { mapSharedFile } from '@berth/linux/supervision';
import type { LogStream } from '@berth/runtime';

/** What a FIFO holds at most by default, so one read empties it. */
const DATA_BYTES = 64 * 1024;
const HEADER_BYTES = 4096;
const TOTAL_BYTES = HEADER_BYTES + DATA_BYTES;
const KEY_AT = 64;

/** Output that was taken from a FIFO by a monitor that died before it said that the log has it. */
export interface PendingOutput {
  readonly id: string;
  readonly stream: LogStream;
  /** Number of this piece; the same in a `.rest` file means that the log has it. */
  readonly seq: number;
  /** Size of the log before it. */
  readonly logSize: number;
  readonly bytes: Uint8Array;
}

/**
 * The way of output from a FIFO to a log, in memory that outlives us.
 *
 * The kernel takes bytes out of a FIFO when they are read; killed before they are written, they would be gone. So they are read
 * into a mapped file: they leave the FIFO and are in the file in one system call. What was read for whom stands in
 * its header, and how long the log was, so that the next monitor writes what is missing and nothing twice.
 *
 *     0  size of the log (u64)   8  seq (u32)   12  length of the key, 0: idle (u32)   64  key: id, line feed, stream
 *     4096  the bytes; zeros behind them
 *
 * One for all containers: a piece is read, logged and cleared without giving way to anything else.
 */
export class InFlight {
  readonly #all: Uint8Array;
  readonly #view: DataView;
  /** Where output is read to. Zero but between `begin` and `end`. */
  readonly buffer: Uint8Array;
  #seq = 0;

  private constructor(all: Uint8Array) {
    this.#all = all;
    this.#view = new DataView(all.buffer, all.byteOffset, all.byteLength);
    this.buffer = all.subarray(HEADER_BYTES);
    this.#seq = this.#view.getUint32(8, true);
  }

  /** What a monitor before us has left is in the answer; it stays in the file until the next `begin`. */
  static open(path: string): { readonly inFlight: InFlight; readonly pending: PendingOutput | undefined } {
    const left = readIfThere(path);
    const isWhole = left?.length === TOTAL_BYTES;
    const fd = openSync(path, isWhole ? 'r+' : 'w+', 0o600);
    try {
      // Written, not only made long: a page without a block is a SIGBUS on a full tmpfs.
      if (!isWhole) writeSync(fd, Buffer.alloc(TOTAL_BYTES), 0, TOTAL_BYTES, 0);
      const inFlight = new InFlight(mapSharedFile(fd, TOTAL_BYTES));
      return { inFlight, pending: isWhole ? parsePending(left) : undefined };
    } finally {
      closeSync(fd);
    }
  }

  /** Before reading into `buffer`. @returns the number of this piece */
  begin(key: { readonly id: string; readonly stream: LogStream }, logSize: number): number {
    this.#seq = (this.#seq + 1) >>> 0;
    const text = `${key.id}\n${key.stream}`;
    for (let index = 0; index < text.length; index++) this.#all[KEY_AT + index] = text.charCodeAt(index);
    this.#view.setBigUint64(0, BigInt(logSize), true);
    this.#view.setUint32(8, this.#seq, true);
    this.#view.setUint32(12, text.length, true);
    return this.#seq;
  }

  /** After the log has the first `length` bytes of `buffer`. */
  end(length: number): void {
    this.#view.setUint32(12, 0, true);
    this.buffer.fill(0, 0, length);
  }

  /** Forgets what was left. */
  clear(): void {
    this.end(DATA_BYTES);
  }
}

function parsePending(file: Buffer): PendingOutput | undefined {
  const keyLength = file.readUInt32LE(12);
  if (keyLength === 0 || keyLength > HEADER_BYTES - KEY_AT) return undefined;
  const [id = '', stream] = file.toString('latin1', KEY_AT, KEY_AT + keyLength).split('\n');
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  let end = file.length;
  while (end > HEADER_BYTES && file[end - 1] === 0) end--;
  return {
    id,
    stream,
    seq: file.readUInt32LE(8),
    logSize: Number(file.readBigUInt64LE(0)),
    bytes: file.subarray(HEADER_BYTES, end),
  };
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
