import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { constants as zlib, zstdCompressSync } from 'node:zlib';
import { pathToBytes } from '@berth/oci';
import { asStorageError } from '../failure.ts';
import { BLOCK, BLOCK_BYTES, BLOCK_HEADER_BYTES, type BlockKind, MAGIC, RECORD, type Run } from './format.ts';
import { RecordBuffer } from './record-buffer.ts';

/** Level 1: header blocks shrink to a fiftieth in any case, and the unpacking thread pays for it. */
const ZSTD = { params: { [zlib.ZSTD_c_compressionLevel]: 1, [zlib.ZSTD_c_checksumFlag]: 1 } };

/** Writes a tar-split file while a tar passes by. Holds its file open, so that it goes on writing from inside a jail. */
export class TarSplitWriter implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  readonly #stream = new RecordBuffer(BLOCK_BYTES + 65_536);
  readonly #other = new RecordBuffer(BLOCK_BYTES + 65_536);
  #raw: Buffer = Buffer.allocUnsafeSlow(16_384);
  #rawUsed = 0;
  #contents = 0;
  #contentBytes = 0;
  #savedBytes = 0;

  /** A file that is there is replaced. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = told(path, () =>
      openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600),
    );
    try {
      told(path, () => writeAll(this.#fd, MAGIC));
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Bytes of the tar that are not kept elsewhere. */
  raw(piece: Uint8Array): void {
    if (this.#rawUsed + piece.length > this.#raw.length) this.#flushRaw();
    if (piece.length <= this.#raw.length) {
      this.#raw.set(piece, this.#rawUsed);
      this.#rawUsed += piece.length;
    } else {
      for (let at = 0; at < piece.length; at += BLOCK_BYTES)
        this.#rawRecord(piece.subarray(at, at + BLOCK_BYTES));
    }
  }

  /** Here stand the runs of the file that lies at `path`. */
  content(path: string, { runs, crc }: { readonly runs: readonly Run[]; readonly crc: number }): void {
    this.#flushRaw();
    this.#stream.number(RECORD.content).text(pathToBytes(path)).number(crc).number(runs.length);
    for (const { offset, length } of runs) {
      this.#stream.number(offset).number(length);
      this.#contentBytes += length;
    }
    this.#contents += 1;
    this.#flushIfLarge();
  }

  /**
   * Keeps part of a file that is about to be replaced.
   * @returns false when more was saved than the tar had: the files are names of one that was written once
   */
  save(path: string, offset: number, bytes: Uint8Array): boolean {
    this.#savedBytes += bytes.length;
    if (this.#savedBytes > this.#contentBytes) return false;
    this.#other.number(this.#contents).text(pathToBytes(path)).number(offset).bytes(bytes);
    this.#block(BLOCK.saved, this.#other);
    return true;
  }

  finish(tarBytes: number): void {
    this.#flushRaw();
    this.#flush();
    this.#block(BLOCK.end, this.#other.number(tarBytes).number(this.#contents));
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #flushRaw(): void {
    if (this.#rawUsed === 0) return;
    const piece = this.#raw.subarray(0, this.#rawUsed);
    this.#rawUsed = 0;
    this.#rawRecord(piece);
  }

  #rawRecord(piece: Uint8Array): void {
    this.#stream.number(RECORD.raw).text(piece);
    this.#flushIfLarge();
  }

  #flushIfLarge(): void {
    if (this.#stream.length >= BLOCK_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#stream.length > 0) this.#block(BLOCK.stream, this.#stream);
  }

  #block(kind: BlockKind, records: RecordBuffer): void {
    told(this.#path, () => writeBlock(this.#fd, kind, records));
    records.clear();
  }
}

/** Adds to a finished tar-split file where directories have gone. */
export function appendMoves(
  path: string,
  moves: readonly { readonly from: string; readonly to: string }[],
): void {
  const records = new RecordBuffer(4096);
  for (const { from, to } of moves) records.text(pathToBytes(from)).text(pathToBytes(to));
  told(path, () => {
    const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND);
    try {
      writeBlock(fd, BLOCK.moved, records);
    } finally {
      closeSync(fd);
    }
  });
}

/** Failures of the file system, said of this file. */
function told<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw asStorageError(error, { doing: 'write the tar-split file', entry: path });
  }
}

function writeBlock(fd: number, kind: BlockKind, records: RecordBuffer): void {
  const packed = zstdCompressSync(records.view(), ZSTD);
  const header = Buffer.alloc(BLOCK_HEADER_BYTES);
  header.writeUInt8(kind, 0);
  header.writeUInt32LE(packed.length, 1);
  header.writeUInt32LE(records.length, 5);
  writeAll(fd, Buffer.concat([header, packed]));
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
