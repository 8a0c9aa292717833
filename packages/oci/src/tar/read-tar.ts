import { ByteSource } from './byte-source.ts';
import { EntryContent } from './content.ts';
import type { TarEntry, TarItem } from './entry.ts';
import { Extensions } from './extensions.ts';
import { BLOCK_SIZE, type Header, readHeader } from './header.ts';
import { resolveLimits, type TarLimits } from './limits.ts';
import { mergeEntry } from './merge.ts';
import { parseDecimal, readNumber } from './numeric.ts';
import { TarPlace } from './place.ts';
import {
  OLD_GNU_REAL_SIZE,
  readInlineSparse,
  readOldGnuPairs,
  readPaxSparse,
  type SparseNumbers,
  sparseFragments,
} from './sparse.ts';

export interface ReadTarOptions {
  /** Looked at before each read of the source; after it fires the source is closed and no entry follows. */
  readonly signal?: AbortSignal;
  readonly limits?: TarLimits;
  /** Takes a stream that ends cleanly after an entry, without the two closing blocks of zeros. */
  readonly allowMissingEnd?: boolean;
  /**
   * Given, in order, every piece of the stream that is not content: headers, padding, the closing blocks and
   * what follows them. An entry's content belongs between the last piece before the entry is given and the
   * next one. Pieces are views that hold only during the call.
   */
  readonly keepRaw?: (piece: Uint8Array) => void;
}

/**
 * Reads an uncompressed tar as it arrives: v7, ustar, PAX and GNU, long names, sparse files, xattrs.
 *
 * Entries come in stream order with their content still to be read. Nothing is unpacked and no name is judged:
 * use `cleanEntryPath` and `readWhiteout`. What follows the two closing blocks is read to the end and dropped,
 * so that a digest taken underneath covers all of it. Memory: one chunk of the source and one entry's headers; the source
 * may use a chunk again once it is asked for the next.
 *
 * Stated behaviour where readers differ: global PAX records apply as POSIX says, but not names, sizes and sparse
 * maps; types that no root filesystem has (GNU volume labels, dump directories, parts of multi-volume archives,
 * letters of other vendors) are refused, not made into files; so are bytes after a directory or a link.
 *
 * @throws {OciError} `TAR_INVALID` for what is damaged, cut off, ambiguous or over a limit, with entry and offset
 * @see POSIX.1-2017 pax; GNU tar manual, "Tar Internals"; image-spec v1.1 layer.md
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarItem, void, undefined> {
  const reader = new TarReader(source, options);
  try {
    for (let header = await reader.header(); header !== undefined; header = await reader.header()) {
      const item = await reader.item(header);
      if (item === undefined) continue;
      yield item;
      await reader.finish(item.content);
    }
    await reader.drain();
  } finally {
    await reader.close();
  }
}

const EXTENSION_TYPES = 'xgLK';

class TarReader {
  readonly #source: ByteSource;
  readonly #place = new TarPlace();
  readonly #limits: Required<TarLimits>;
  readonly #extensions: Extensions;
  readonly #options: ReadTarOptions;
  #block: Buffer = Buffer.alloc(0);
  #padding = 0;

  constructor(source: AsyncIterable<Uint8Array>, options: ReadTarOptions) {
    this.#source = new ByteSource(source, { signal: options.signal });
    this.#limits = resolveLimits(options.limits);
    this.#extensions = new Extensions(this.#place, this.#limits);
    this.#options = options;
  }

  /** The next header block, or `undefined` where the archive ends. */
  async header(): Promise<Header | undefined> {
    this.#place.enter(this.#source.offset);
    const header = (await this.#mayEndHere()) ? undefined : await this.#readHeader();
    if (header === undefined && this.#extensions.isPending) {
      throw this.#place.error('the archive ends between an extension header and its entry');
    }
    return header;
  }

  async #readHeader(): Promise<Header | undefined> {
    this.#block = this.#source.take(BLOCK_SIZE) ?? (await this.#wait(BLOCK_SIZE));
    const header = readHeader(this.#block, this.#place);
    this.#options.keepRaw?.(this.#block);
    if (header !== undefined || (await this.#mayEndHere())) return header;
    const second = await this.#raw(BLOCK_SIZE);
    if (second.some((byte) => byte !== 0)) {
      throw this.#place.error('one block of zeros stands alone, expected two');
    }
    return undefined;
  }

  /** The entry of a header, or `undefined` when the header only speaks of the entry after it. */
  async item(header: Header): Promise<(TarItem & { readonly content: EntryContent }) | undefined> {
    if (EXTENSION_TYPES.includes(header.typeFlag)) {
      const { maxHeaderBytes } = this.#limits;
      const { size } = header;
      if (size < 0 || size > maxHeaderBytes) {
        throw this.#place.error(`an extension header has ${size} bytes, expected 0 to ${maxHeaderBytes}`);
      }
      // Records outlive the chunk that they came in.
      this.#extensions.add(header.typeFlag, Buffer.from(await this.#raw(size)));
      await this.#raw(paddingOf(size));
      return undefined;
    }
    const merged = mergeEntry(header, {
      extensions: this.#extensions,
      place: this.#place,
      limits: this.#limits,
    });
    this.#padding = paddingOf(merged.size);
    const { entry, storedBytes } = await this.#withSparse(header, merged);
    this.#extensions.clear();
    return { entry, content: new EntryContent(this.#source, { bytes: storedBytes, place: this.#place }) };
  }

  /** Moves past what is left of an entry. */
  async finish(content: EntryContent): Promise<void> {
    await content.finish();
    await this.#raw(this.#padding);
  }

  async drain(): Promise<void> {
    for (;;) {
      const piece = await this.#source.some(Number.MAX_SAFE_INTEGER);
      if (piece === undefined) return;
      this.#options.keepRaw?.(piece);
    }
  }

  async close(): Promise<void> {
    await this.#source.close();
  }

  async #withSparse(header: Header, merged: TarEntry): Promise<{ entry: TarEntry; storedBytes: number }> {
    const { pax, size: storedBytes } = merged;
    if (header.typeFlag === 'S') {
      const size = readNumber(this.#block, OLD_GNU_REAL_SIZE, this.#place);
      return this.#sparseEntry(merged, { numbers: await this.#oldGnuNumbers(), size, storedBytes });
    }
    if (pax.size === 0) return { entry: merged, storedBytes };
    const version = ['GNU.sparse.major', 'GNU.sparse.minor'].map((key) => text(pax.get(key))).join('.');
    if (version === '1.0') {
      const size = this.#paxSize(pax.get('GNU.sparse.realsize')) ?? storedBytes;
      const { numbers, bytes } = await readInlineSparse(() => this.#rawBlock(), {
        maxFragments: this.#limits.maxSparseFragments,
        storedBytes,
        place: this.#place,
      });
      return this.#sparseEntry(merged, { numbers, size, storedBytes: storedBytes - bytes });
    }
    if (version !== '.' && !/^0\.[01]$/.test(version)) {
      throw this.#place.error(
        `its sparse map has version ${JSON.stringify(version)}, known are 0.0, 0.1 and 1.0`,
      );
    }
    const numbers = readPaxSparse(this.#extensions.records, { place: this.#place });
    const size = this.#paxSize(pax.get('GNU.sparse.size'));
    if (numbers === undefined && size === undefined) return { entry: merged, storedBytes };
    return this.#sparseEntry(merged, { numbers: numbers ?? [], size: size ?? storedBytes, storedBytes });
  }

  async #oldGnuNumbers(): Promise<SparseNumbers> {
    const numbers: number[] = [];
    let more = readOldGnuPairs(this.#block, numbers, { at: 386, count: 4, place: this.#place });
    while (more) {
      this.#checkFragments(numbers);
      more = readOldGnuPairs(await this.#rawBlock(), numbers, { at: 0, count: 21, place: this.#place });
    }
    return numbers;
  }

  #sparseEntry(
    merged: TarEntry,
    map: { readonly numbers: SparseNumbers; readonly size: number; readonly storedBytes: number },
  ): { entry: TarEntry; storedBytes: number } {
    const { numbers, size, storedBytes } = map;
    if (merged.type !== 'file') throw this.#place.error(`a ${merged.type} has a sparse map`);
    if (size < 0 || size > this.#limits.maxFileBytes) {
      throw this.#place.error(
        `the sparse file has ${size} bytes, expected 0 to ${this.#limits.maxFileBytes}`,
      );
    }
    this.#checkFragments(numbers);
    const sparse = sparseFragments(numbers, { size, storedBytes, place: this.#place });
    return { entry: { ...merged, size, sparse }, storedBytes };
  }

  #checkFragments(numbers: SparseNumbers): void {
    const { maxSparseFragments } = this.#limits;
    if (numbers.length <= maxSparseFragments * 2) return;
    throw this.#place.error(`the sparse map has more than ${maxSparseFragments} runs`);
  }

  #paxSize(record: Uint8Array | undefined): number | undefined {
    if (record === undefined) return undefined;
    const size = parseDecimal(text(record));
    if (size === undefined)
      throw this.#place.error('the size of its sparse file is no decimal number below 2^53');
    return size;
  }

  #rawBlock(): Promise<Buffer> {
    return this.#raw(BLOCK_SIZE);
  }

  /** Takes bytes that are not content. */
  async #raw(length: number): Promise<Buffer> {
    const piece = this.#source.take(length) ?? (await this.#wait(length));
    if (length > 0) this.#options.keepRaw?.(piece);
    return piece;
  }

  async #wait(length: number): Promise<Buffer> {
    const piece = await this.#source.wait(length);
    if (piece !== undefined) return piece;
    throw this.#place.error(
      `the stream ends at ${this.#source.offset + this.#source.available}, before ${length} bytes that must follow`,
    );
  }

  async #mayEndHere(): Promise<boolean> {
    return this.#options.allowMissingEnd === true && !(await this.#source.hasMore());
  }
}

function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}

function text(record: Uint8Array | undefined): string {
  return record === undefined ? '' : Buffer.from(record).toString('latin1');
}
