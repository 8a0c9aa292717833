import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { bytesToPath } from '@berth/oci';
import { StorageError } from '../../errors.ts';
import { isWithin, joinPath } from '../names.ts';
import { BLOCK, BLOCK_HEADER_BYTES, MAGIC, MAX_BLOCK_BYTES, RECORD, type Run } from './format.ts';
import { RecordReader } from './record-buffer.ts';

export type SplitPiece =
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | {
      readonly kind: 'content';
      /** Where the file lies now. */
      readonly path: string;
      readonly runs: readonly Run[];
      readonly crc: number;
      /** Parts of it that were kept here because a later entry replaced it; `undefined`: it lies in the folder. */
      readonly saved: SavedFile | undefined;
    };

interface Block {
  readonly kind: number;
  readonly at: number;
  readonly packedBytes: number;
  readonly bytes: number;
}

/** A file that a later entry of the tar replaced. What no part has is zeros. */
export interface SavedFile {
  /** By their offset. */
  readonly parts: readonly { readonly offset: number; readonly block: Block }[];
}

interface Saved {
  readonly contents: number;
  readonly parts: { offset: number; block: Block }[];
}

/** Reads a tar-split file. @throws {StorageError} `LAYER_DAMAGED` where it is not whole */
export class TarSplitReader implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  readonly #stream: Block[] = [];
  readonly #saved = new Map<string, Saved[]>();
  readonly #moves: { readonly from: string; readonly to: string }[] = [];
  tarBytes = 0;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, constants.O_RDONLY);
    try {
      this.#index();
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  *pieces(): Generator<SplitPiece, void, undefined> {
    let contents = 0;
    for (const block of this.#stream) {
      const records = this.#records(block);
      while (!records.isDone) {
        const kind = this.#checked(() => records.number());
        if (kind === RECORD.raw) yield { kind: 'raw', bytes: this.#checked(() => records.text()) };
        else if (kind === RECORD.content) {
          contents += 1;
          yield this.#content(records, contents);
        } else throw this.#damaged(`a record has the kind ${kind}`);
      }
    }
  }

  /** The bytes of a part of a saved file. */
  part(block: Block): Buffer {
    const records = this.#records(block);
    return this.#checked(() => {
      records.number();
      records.text();
      records.number();
      return records.rest();
    });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #content(records: RecordReader, contents: number): SplitPiece {
    return this.#checked(() => {
      const path = bytesToPath(records.text());
      const crc = records.number();
      const runs = Array.from({ length: records.number() }, () => ({
        offset: records.number(),
        length: records.number(),
      }));
      const saved = this.#saved.get(path)?.find((one) => one.contents >= contents);
      return { kind: 'content', path: this.#moved(path), runs, crc, saved };
    });
  }

  #moved(path: string): string {
    let moved = path;
    for (const { from, to } of this.#moves) {
      if (isWithin(moved, from)) moved = joinPath(to, moved.slice(from.length + 1));
    }
    return moved;
  }

  /** One walk over the heads of all blocks: saved contents stand after what refers to them. */
  #index(): void {
    const { size } = fstatSync(this.#fd);
    if (!this.#read(0, MAGIC.length).equals(MAGIC)) throw this.#damaged('it does not begin as such a file');
    let hasEnd = false;
    for (let at = MAGIC.length; at < size; ) {
      const head = this.#read(at, BLOCK_HEADER_BYTES);
      const block = {
        kind: head.readUInt8(0),
        at: at + BLOCK_HEADER_BYTES,
        packedBytes: head.readUInt32LE(1),
        bytes: head.readUInt32LE(5),
      };
      if (block.bytes > MAX_BLOCK_BYTES || block.packedBytes > MAX_BLOCK_BYTES) {
        throw this.#damaged(`a block has ${block.bytes} bytes`);
      }
      if (block.kind === BLOCK.end) hasEnd = true;
      this.#take(block);
      at = block.at + block.packedBytes;
    }
    if (!hasEnd) throw this.#damaged('its end is missing');
  }

  #take(block: Block): void {
    switch (block.kind) {
      case BLOCK.stream:
        this.#stream.push(block);
        return;
      case BLOCK.saved:
        this.#takeSaved(block);
        return;
      case BLOCK.end:
        this.tarBytes = this.#checked(() => this.#records(block).number());
        return;
      case BLOCK.moved: {
        const records = this.#records(block);
        while (!records.isDone) {
          const from = this.#checked(() => bytesToPath(records.text()));
          this.#moves.push({ from, to: this.#checked(() => bytesToPath(records.text())) });
        }
        return;
      }
      default:
        throw this.#damaged(`a block has the kind ${block.kind}`);
    }
  }

  #takeSaved(block: Block): void {
    const records = this.#records(block);
    const { contents, path, offset } = this.#checked(() => ({
      contents: records.number(),
      path: bytesToPath(records.text()),
      offset: records.number(),
    }));
    const list = this.#saved.get(path) ?? [];
    this.#saved.set(path, list);
    const last = list.at(-1);
    if (last?.contents === contents && (last.parts.at(-1)?.offset ?? 0) < offset) {
      last.parts.push({ offset, block });
    } else list.push({ contents, parts: [{ offset, block }] });
  }

  #records(block: Block): RecordReader {
    const packed = this.#read(block.at, block.packedBytes);
    return new RecordReader(
      this.#checked(() => {
        const bytes = zstdDecompressSync(packed, { maxOutputLength: Math.max(block.bytes, 1) });
        if (bytes.length !== block.bytes) throw new RangeError('a block is shorter than it says');
        return bytes;
      }),
    );
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const read = readSync(this.#fd, bytes, done, length - done, at + done);
      if (read === 0) throw this.#damaged('it ends early');
      done += read;
    }
    return bytes;
  }

  /** What cannot be read is damage of the file and no fault of ours. */
  #checked<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw this.#damaged(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  #damaged(why: string, cause?: unknown): StorageError {
    return new StorageError('LAYER_DAMAGED', `Cannot read tar-split file "${this.#path}": ${why}`, {
      hint: 'Remove the image and pull it again',
      detail: { path: this.#path },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
