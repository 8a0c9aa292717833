import type { FileHandle } from 'node:fs/promises';
import { parseEntry } from './json-lines.ts';
import type { OpenLogFile } from './log-set.ts';

/** Where reading begins. */
export interface LogStart {
  /** Index into the files, the oldest first. */
  readonly file: number;
  readonly offset: number;
}

const BLOCK_BYTES = 64 * 1024;
const LINE_FEED = 10;

/** The beginning of the last `lines` lines. Reads from the end, block by block, as much as it needs. */
export async function findTail(files: readonly OpenLogFile[], lines: number): Promise<LogStart> {
  let missing = lines;
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let file = files.length - 1; file >= 0; file--) {
    const { handle } = files[file] as OpenLogFile;
    const { size } = await handle.stat();
    if (missing === 0) return { file, offset: size };
    let end = size;
    // The line feed at the very end closes the last line; it does not begin another.
    let isLast = true;
    while (end > 0) {
      const start = Math.max(0, end - BLOCK_BYTES);
      const { bytesRead } = await handle.read(block, 0, end - start, start);
      for (let at = bytesRead - 1; at >= 0; at--) {
        if (block[at] !== LINE_FEED) {
          isLast = false;
          continue;
        }
        if (isLast) {
          isLast = false;
          continue;
        }
        if (--missing === 0) return { file, offset: start + at + 1 };
      }
      end = start;
    }
    // The file's first line has no line feed before it.
    if (size > 0 && --missing === 0) return { file, offset: 0 };
  }
  return { file: 0, offset: 0 };
}

/** The first line whose time is not before `since` (ms), by halving: times grow but for a clock that was set back. */
export async function findSince(files: readonly OpenLogFile[], since: number): Promise<LogStart> {
  for (let file = files.length - 1; file > 0; file--) {
    const first = await lineFrom((files[file] as OpenLogFile).handle, 0);
    if (first.time !== undefined && first.time < since)
      return { file, offset: await halve(files, file, since) };
  }
  return files.length === 0 ? { file: 0, offset: 0 } : { file: 0, offset: await halve(files, 0, since) };
}

async function halve(files: readonly OpenLogFile[], file: number, since: number): Promise<number> {
  const { handle } = files[file] as OpenLogFile;
  let low = 0;
  let high = (await handle.stat()).size;
  // Lines that begin before `low` are too old; what begins at `high` or later is not.
  while (high - low > BLOCK_BYTES) {
    const middle = low + Math.floor((high - low) / 2);
    const line = await lineFrom(handle, middle);
    if (line.time === undefined || line.time >= since) high = middle;
    else low = line.start;
  }
  return lineStart(handle, low);
}

interface FoundLine {
  readonly start: number;
  /** `undefined`: no line that can be read begins there or later. */
  readonly time: number | undefined;
}

/** The first readable line that begins at `offset` or behind it. */
async function lineFrom(handle: FileHandle, offset: number): Promise<FoundLine> {
  let at = offset === 0 ? 0 : await lineStart(handle, offset);
  for (;;) {
    const line = await wholeLine(handle, at);
    if (line === undefined) return { start: at, time: undefined };
    const entry = parseEntry(line.toString('utf8'));
    if (entry !== undefined) return { start: at, time: Date.parse(entry.time) };
    at += line.length + 1;
  }
}

/** The beginning of the first line at or behind `offset`; the file's end when there is none. */
async function lineStart(handle: FileHandle, offset: number): Promise<number> {
  if (offset === 0) return 0;
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let at = offset - 1; ; ) {
    const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return at;
    const feed = block.subarray(0, bytesRead).indexOf(LINE_FEED);
    if (feed !== -1) return at + feed + 1;
    at += bytesRead;
  }
}

async function wholeLine(handle: FileHandle, offset: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  for (let at = offset; ; ) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return undefined;
    const feed = block.subarray(0, bytesRead).indexOf(LINE_FEED);
    parts.push(block.subarray(0, feed === -1 ? bytesRead : feed));
    if (feed !== -1) return Buffer.concat(parts);
    at += bytesRead;
  }
}
