export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes the output of a container without a terminal apart: `[stream, 0, 0, 0, length BE32]` stands before each piece. A piece
 * is handed on as it comes, never gathered: its length is the other side's word.
 */
export class FrameReader {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #left = 0;

  read(chunk: Uint8Array): readonly Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.byteLength) {
      if (this.#left === 0) {
        const part = chunk.subarray(at, at + HEADER_BYTES - this.#headerBytes);
        this.#header.set(part, this.#headerBytes);
        this.#headerBytes += part.byteLength;
        at += part.byteLength;
        if (this.#headerBytes < HEADER_BYTES) break;
        this.#headerBytes = 0;
        this.#left = this.#header.readUInt32BE(4);
        continue;
      }
      const bytes = chunk.subarray(at, at + this.#left);
      frames.push({ stream: this.#header[0] === STDERR ? 'stderr' : 'stdout', bytes });
      this.#left -= bytes.byteLength;
      at += bytes.byteLength;
    }
    return frames;
  }
}
