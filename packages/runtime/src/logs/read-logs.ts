import type { FileHandle } from 'node:fs/promises';
import { findSince, findTail, type LogStart } from './find-start.ts';
import { type LogEntry, parseEntry } from './json-lines.ts';
import { closeAll, type OpenLogFile, openLogFiles, openNextFile } from './log-set.ts';
import { ChangeWatch } from './wait-for-change.ts';

export interface ReadLogsOptions {
  /** As the writer's; files that were put aside are found beside it. */
  readonly path: string;
  /** Goes on with what is written later, until `ended`. */
  readonly follow?: boolean;
  /** Aborted when nothing is written any more: what is there by then is still given, and then it ends. */
  readonly ended?: AbortSignal;
  /** That moment included. */
  readonly since?: Date;
  /** That moment included; what is followed ends then. */
  readonly until?: Date;
  /** The last so many lines of the log; with `since`, those of them that are not older. */
  readonly tail?: number;
  readonly signal?: AbortSignal;
}

/**
 * A log's lines, the oldest first.
 *
 * What it costs is what it gives: the end is found from the end, a moment by halving, wherever they are in a log of any
 * length. Files that are put aside meanwhile are read to their end first, so following loses no line unless more is
 * written than all files hold before it is read. Lines that a crash has torn are passed over.
 *
 * @throws the reason of `signal`
 */
export async function* readLogs(options: ReadLogsOptions): AsyncGenerator<LogEntry, void, undefined> {
  const { path, follow = false, since, signal } = options;
  signal?.throwIfAborted();
  // Watching begins before the first look, or a change in between would be missed.
  using watch = follow ? new ChangeWatch(path) : undefined;
  using bell = watch === undefined ? undefined : ringOn(watch, options);
  const files = await openLogFiles(path);
  let current: LogReader | undefined;
  try {
    const start = await findStart(files, options);
    const sinceMs = since?.getTime() ?? Number.NEGATIVE_INFINITY;
    const untilMs = options.until?.getTime() ?? Number.POSITIVE_INFINITY;
    const isTimed = since !== undefined || options.until !== undefined;
    await closeAll(files.splice(0, start.file));
    let offset = start.offset;
    for (;;) {
      current ??= await nextReader(files, offset);
      offset = 0;
      signal?.throwIfAborted();
      // Both are asked before reading: what they say of the past is all there when we read.
      const isOver = !follow || bell?.isOver() === true;
      const newer =
        current === undefined || files.length > 0 ? undefined : await openNextFile(path, current.inode);
      if (newer !== undefined) files.push(newer);
      if (current !== undefined) {
        for await (const lines of current.read()) {
          signal?.throwIfAborted();
          for (const line of lines) {
            const entry = parseEntry(line);
            if (entry === undefined) continue;
            if (isTimed) {
              const time = Date.parse(entry.time);
              if (time > untilMs) return;
              if (time < sinceMs) continue;
            }
            yield entry;
          }
        }
      }
      if (files.length > 0) {
        await current?.close();
        current = undefined;
        continue;
      }
      if (isOver) return;
      await watch?.wait();
      if (current === undefined) files.push(...(await openLogFiles(path)));
    }
  } finally {
    await current?.close();
    await closeAll(files);
  }
}

async function findStart(files: readonly OpenLogFile[], options: ReadLogsOptions): Promise<LogStart> {
  const { tail, since } = options;
  if (files.length === 0) return { file: 0, offset: 0 };
  const starts: LogStart[] = [];
  if (tail !== undefined) starts.push(await findTail(files, tail));
  if (since !== undefined) starts.push(await findSince(files, since.getTime()));
  // The later of both.
  return starts.sort((a, b) => b.file - a.file || b.offset - a.offset)[0] ?? { file: 0, offset: 0 };
}

async function nextReader(files: OpenLogFile[], offset: number): Promise<LogReader | undefined> {
  const file = files.shift();
  return file === undefined ? undefined : new LogReader(file, offset);
}

const CHUNK_BYTES = 128 * 1024;

/** Reads one file onwards from where it was. */
class LogReader {
  readonly inode: bigint;
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.alloc(CHUNK_BYTES);
  #offset: number;
  #rest = '';

  constructor(file: OpenLogFile, offset: number) {
    this.#handle = file.handle;
    this.inode = file.inode;
    this.#offset = offset;
  }

  /** The whole lines up to the file's end as it is then, many at once. A last line without its end waits for the next call. */
  async *read(): AsyncGenerator<readonly string[], void, undefined> {
    for (;;) {
      const { bytesRead } = await this.#handle.read(this.#buffer, 0, CHUNK_BYTES, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      // Lines of a log are ASCII but for what people print; a character may lie across two chunks.
      const end = wholeCharacters(this.#buffer, bytesRead);
      this.#offset -= bytesRead - end;
      const pieces = (this.#rest + this.#buffer.toString('utf8', 0, end)).split('\n');
      this.#rest = pieces.pop() ?? '';
      yield pieces;
      if (end === 0) return;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** How many of the bytes are whole UTF-8 characters; bytes that are none count as whole. */
function wholeCharacters(bytes: Buffer, length: number): number {
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needs > back ? length - back : length;
  }
  return length;
}

interface Bell extends Disposable {
  isOver(): boolean;
}

/** Wakes the watch for what is no change of the log: the end, an abort, the moment `until`. */
function ringOn(watch: ChangeWatch, { ended, signal, until }: ReadLogsOptions): Bell {
  ended?.addEventListener('abort', watch.changed);
  signal?.addEventListener('abort', watch.changed);
  const rest = until === undefined ? undefined : until.getTime() - Date.now();
  // Timers cannot be set further ahead; the backstop of the watch looks again anyway.
  const timer =
    rest === undefined ? undefined : setTimeout(watch.changed, Math.min(Math.max(rest, 0), 2 ** 31 - 1));
  return {
    isOver: () => ended?.aborted === true || (until !== undefined && Date.now() > until.getTime()),
    [Symbol.dispose]() {
      ended?.removeEventListener('abort', watch.changed);
      signal?.removeEventListener('abort', watch.changed);
      clearTimeout(timer);
    },
  };
}
