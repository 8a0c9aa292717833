import { createLogClock, type LogClock } from './clock.ts';
import { entryEnd, formatEntry, formatLines, type LogStream } from './json-lines.ts';
import { LineSplitter } from './line-splitter.ts';
import { LogFile, type LogFileOptions } from './log-file.ts';

/**
 * Writes output as Docker's json-file log. When a call returns, the lines that were complete are written; the rest of a
 * line waits for its line feed. One writer per log.
 */
export class LogWriter implements Disposable {
  readonly file: LogFile;
  readonly #clock: LogClock;
  readonly #streams: Readonly<Record<LogStream, LineSplitter>> = {
    stdout: new LineSplitter(),
    stderr: new LineSplitter(),
  };
  /** Time of the first part of a long line: its other parts have it too. */
  readonly #partTimes: Partial<Record<LogStream, string>> = {};

  constructor(options: LogFileOptions & { readonly clock?: LogClock }) {
    this.file = new LogFile(options);
    this.#clock = options.clock ?? createLogClock();
  }

  /** What was written to the stream and is in no line yet; to be kept by who must not lose it. */
  unfinished(stream: LogStream): LineSplitter {
    return this.#streams[stream];
  }

  /**
   * The chunk's memory may be used again when this returns.
   *
   * @param options.skipParts so many of its first parts are in the log already
   */
  write(stream: LogStream, chunk: Uint8Array, options: { readonly skipParts?: number } = {}): void {
    let skip = options.skipParts ?? 0;
    const splitter = this.#streams[stream];
    this.#append(stream, (addPart, addLines) => {
      if (skip === 0) return splitter.push(chunk, addPart, addLines);
      splitter.push(chunk, (text) => {
        if (skip > 0) skip--;
        else addPart(text);
      });
    });
  }

  /** The end of the stream. A last line without a line feed is logged without one. */
  end(stream: LogStream): void {
    this.#append(stream, (add) => this.#streams[stream].end(add));
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }

  #append(stream: LogStream, split: (addPart: Add, addLines: Add) => void): void {
    let lines = '';
    const now = entryEnd(stream, this.#clock.now());
    const addPart = (text: string): void => {
      const isPart = !text.endsWith('\n');
      lines += formatEntry(text, this.#partTimes[stream] ?? now);
      if (!isPart) delete this.#partTimes[stream];
      else this.#partTimes[stream] ??= now;
    };
    split(addPart, (text) => {
      lines += formatLines(text, now);
    });
    if (lines === '') return;
    this.file.rotateIfDue();
    this.file.append(lines);
  }
}

type Add = (text: string) => void;
