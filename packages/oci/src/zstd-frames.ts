import { OciError } from './errors.ts';

/**
 * Cuts a zstd stream so that no piece holds bytes of two frames, and refuses what is not a frame or ends inside one.
 *
 * Node's decoder stops at the end of a frame when more bytes stand in the same write, so layers of several frames
 * (pzstd, zstd:chunked) and skippable frames need this. Nothing is decoded here; only lengths are followed.
 *
 * @throws {OciError} `COMPRESSION_INVALID`
 * @see RFC 8878 §3.1
 */
export async function* zstdFrames(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const walker = new FrameWalker();
  for await (const chunk of source) {
    let rest = chunk;
    while (rest.byteLength > 0) {
      const length = walker.advance(rest);
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
    }
  }
  if (walker.isInsideFrame)
    throw new OciError('COMPRESSION_INVALID', 'Cannot decompress zstd: the stream ends early');
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const CHECKSUM_BYTES = 4;

type State = 'magic' | 'skippable' | 'descriptor' | 'block' | 'end';

class FrameWalker {
  #state: State = 'magic';
  /** Bytes of the field that is being read, and how many it has. */
  #field: number[] = [];
  #wanted = 4;
  /** Bytes that only pass by before the next field. */
  #skip = 0;
  #checksumBytes = 0;

  get isInsideFrame(): boolean {
    return this.#state !== 'magic' || this.#field.length > 0;
  }

  /** @returns how many bytes reach to the end of this frame, or to the end of `bytes` when it goes on */
  advance(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.byteLength - at);
        this.#skip -= step;
        at += step;
      } else {
        this.#field.push(bytes[at] ?? 0);
        at++;
        if (this.#field.length === this.#wanted) this.#endOfField();
      }
      if (this.#state === 'end' && this.#skip === 0) {
        this.#expect('magic', 4);
        return at;
      }
    }
    return at;
  }

  #endOfField(): void {
    const value = this.#field.reduceRight((sum, byte) => sum * 256 + byte, 0);
    this.#field = [];
    if (this.#state === 'magic') this.#readMagic(value);
    else if (this.#state === 'descriptor') this.#readDescriptor(value);
    else if (this.#state === 'block') this.#readBlock(value);
    else this.#expect('end', 0, value);
  }

  #readMagic(value: number): void {
    if (value === MAGIC) this.#expect('descriptor', 1);
    else if (value - (value % 16) === SKIPPABLE_MAGIC) this.#expect('skippable', 4);
    else
      throw new OciError(
        'COMPRESSION_INVALID',
        'Cannot decompress zstd: there are bytes that belong to no frame',
      );
  }

  #readDescriptor(value: number): void {
    const isSingleSegment = (value & 0x20) !== 0;
    const sizeFlag = value >> 6;
    const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
    const dictionaryBytes = DICTIONARY_ID_BYTES[value & 3] ?? 0;
    this.#checksumBytes = (value & 4) === 0 ? 0 : CHECKSUM_BYTES;
    this.#expect('block', 3, (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
  }

  #readBlock(value: number): void {
    const isLast = (value & 1) === 1;
    const type = (value >> 1) & 3;
    if (type === 3)
      throw new OciError('COMPRESSION_INVALID', 'Cannot decompress zstd: a block has a reserved type');
    const isRunLength = type === 1;
    const contentBytes = isRunLength ? 1 : value >> 3;
    if (isLast) this.#expect('end', 0, contentBytes + this.#checksumBytes);
    else this.#expect('block', 3, contentBytes);
  }

  #expect(state: State, wanted: number, skip = 0): void {
    this.#state = state;
    this.#wanted = wanted;
    this.#skip = skip;
  }
}
