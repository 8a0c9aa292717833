import { ftruncateSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { startWriteBack } from '@berth/linux';
import type { SparseFragment, TarItem } from '@berth/oci';
import type { CancelFlag } from '../threads/cancel-flag.ts';

/** So much of a large file is on its way to the disk before more of it is written: the sync at the end finds little to do. */
const WRITE_BACK_BYTES = 4 * 1024 * 1024;

/**
 * Writes the content of an entry into a new file; holes stay holes.
 * @returns crc32 of the stored bytes
 */
export async function writeContent(
  fd: number,
  { entry, content }: TarItem,
  cancel: CancelFlag,
): Promise<number> {
  const runs = entry.sparse === undefined ? undefined : new RunPositions(entry.sparse);
  let crc = 0;
  let written = 0;
  let begun = 0;
  for await (const chunk of content) {
    cancel.throwIfSet();
    crc = crc32(chunk, crc);
    if (runs === undefined) writeAll(fd, chunk);
    else runs.write(fd, chunk);
    written += chunk.length;
    if (runs !== undefined || written - begun < WRITE_BACK_BYTES) continue;
    startWriteBack(fd, { offset: begun, length: written - begun });
    begun = written;
  }
  if (entry.sparse !== undefined) ftruncateSync(fd, entry.size);
  return crc;
}

/** Where the stored bytes of a sparse file go. */
class RunPositions {
  readonly #runs: Iterator<SparseFragment>;
  #at = 0;
  #left = 0;

  constructor(runs: Iterable<SparseFragment>) {
    this.#runs = runs[Symbol.iterator]();
  }

  write(fd: number, chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0; ) {
      while (this.#left === 0) {
        const { value, done } = this.#runs.next();
        if (done === true) throw new Error('A sparse file has more bytes than its runs');
        this.#at = value.offset;
        this.#left = value.length;
      }
      const piece = rest.subarray(0, this.#left);
      writeAll(fd, piece, this.#at);
      this.#at += piece.length;
      this.#left -= piece.length;
      rest = rest.subarray(piece.length);
    }
  }
}

function writeAll(fd: number, bytes: Uint8Array, position?: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === undefined ? null : position + done);
  }
}
