import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hasCode } from '@berth/errors';

/** The beginning of a line whose end has not come yet. */
export interface RestOfLine {
  /** Number of the piece of output after which this was left. */
  readonly seq: number;
  /** Whether earlier parts of the line are in the log. */
  readonly isInsideLine: boolean;
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 5;

/** Whole or as before: a temporary file and a rename, on a tmpfs. */
export function writeRest(path: string, rest: RestOfLine): void {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(rest.seq, 0);
  header.writeUInt8(rest.isInsideLine ? 1 : 0, 4);
  writeFileSync(`${path}.new`, Buffer.concat([header, rest.bytes]), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function readRest(path: string): RestOfLine | undefined {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
  if (file.length < HEADER_BYTES) return undefined;
  return {
    seq: file.readUInt32LE(0),
    isInsideLine: file.readUInt8(4) === 1,
    bytes: file.subarray(HEADER_BYTES),
  };
}

export function removeRest(path: string): void {
  rmSync(path, { force: true });
}
