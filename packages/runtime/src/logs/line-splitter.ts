/** Docker's buffer for one line: longer ones are logged in parts. */
export const MAX_PART_BYTES = 16 * 1024;

const LINE_FEED = 10;
const NOTHING = Buffer.alloc(0);

/**
 * Output of one stream in lines: each with its line feed, parts of a long one without. What has no line feed yet is kept
 * until it has, or becomes as long as a part.
 */
export class LineSplitter {
  #rest: Buffer = NOTHING;
  #isInsideLine = false;

  /** Bytes that no part has given yet. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** Whether the last part was of a line that goes on. */
  get isInsideLine(): boolean {
    return this.#isInsideLine;
  }

  /** Goes on where another one was. */
  restore(rest: Uint8Array, isInsideLine: boolean): void {
    this.#rest = Buffer.from(rest);
    this.#isInsideLine = isInsideLine;
  }

  /**
   * The parts that are complete with this chunk. The chunk's memory may be used again afterwards.
   *
   * @param onLines for many whole lines at once, where none of them is long
   */
  push(chunk: Uint8Array, onPart: (text: string) => void, onLines: (text: string) => void = onPart): void {
    const bytes =
      this.#rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    if (onLines !== onPart && !this.#isInsideLine) {
      const end = endOfShortLines(bytes);
      if (end > 0) onLines(bytes.toString('utf8', 0, end));
      start = end;
    }
    while (start < bytes.length) {
      const feed = bytes.indexOf(LINE_FEED, start);
      const end = feed === -1 ? bytes.length : feed + 1;
      // The line feed itself does not count.
      const isLong = (feed === -1 ? end : feed) - start > MAX_PART_BYTES;
      if (feed === -1 && !isLong) break;
      const stop = isLong ? partEnd(bytes, start) : end;
      onPart(bytes.toString('utf8', start, stop));
      this.#isInsideLine = isLong;
      start = stop;
    }
    this.#rest = start === bytes.length ? NOTHING : Buffer.from(bytes.subarray(start));
  }

  /** The end of the stream: what is left, without a line feed. */
  end(onPart: (text: string) => void): void {
    if (this.#rest.length > 0) onPart(this.#rest.toString('utf8'));
    this.#rest = NOTHING;
    this.#isInsideLine = false;
  }
}

/** How far there are whole lines and none of them needs parts. */
function endOfShortLines(bytes: Buffer): number {
  const end = bytes.lastIndexOf(LINE_FEED) + 1;
  if (end <= MAX_PART_BYTES) return end;
  let start = 0;
  while (start < end) {
    const next = bytes.indexOf(LINE_FEED, start) + 1;
    if (next - 1 - start > MAX_PART_BYTES) return start;
    start = next;
  }
  return end;
}

/** At most a part's length on, and never inside a character: the bytes of one would be lost in JSON. */
function partEnd(bytes: Buffer, start: number): number {
  const wanted = start + MAX_PART_BYTES;
  for (let end = wanted; end > wanted - 4; end--) {
    if (((bytes[end] ?? 0) & 0xc0) !== 0x80) return end;
  }
  // Four continuation bytes in a row are no UTF-8.
  return wanted;
}
