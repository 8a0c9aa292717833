import { MonitorError } from '../errors.ts';

const HEADER_BYTES = 8;
/** Larger ones are never sent: readers keep a whole frame. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** `[stream, 0, 0, 0, length BE32]` and the bytes: the form of Docker's attach. */
export function frame(stream: number, bytes: Uint8Array): Buffer {
  const all = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
  all.writeUInt32BE(stream << 24, 0);
  all.writeUInt32BE(bytes.length, 4);
  all.set(bytes, HEADER_BYTES);
  return all;
}

/** Cuts what comes from a socket into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws {MonitorError} `PROTOCOL_BROKEN` */
  push(chunk: Buffer, onFrame: (stream: number, bytes: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at + 4);
      if (length > MAX_FRAME_BYTES)
        throw new MonitorError('PROTOCOL_BROKEN', `Cannot read a frame of ${length} bytes`);
      const end = at + HEADER_BYTES + length;
      if (end > bytes.length) break;
      onFrame(bytes[at] ?? 0, bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
