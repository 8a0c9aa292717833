import type { OutputChunk } from '@berth/monitor';

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

/** Clients before 1.42 know only one name; what the bytes are does not change. */
export function streamType(options: { readonly isTerminal: boolean; readonly version: number }): string {
  return options.isTerminal || options.version < 42 ? RAW_STREAM : MULTIPLEXED_STREAM;
}

/** `[stream, 0, 0, 0, length BE32]` before each piece of output: 1 stdout, 2 stderr. */
export function frameHeader(chunk: OutputChunk): Uint8Array {
  const header = Buffer.alloc(8);
  header[0] = chunk.stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(chunk.bytes.byteLength, 4);
  return header;
}
