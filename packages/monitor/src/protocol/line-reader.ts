import { MonitorError } from '../errors.ts';

/** The largest line: an exec with an environment of the kernel's limit fits, a stream that is no protocol ends. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const LINE_FEED = 10;

/** Cuts what comes from a socket into lines of JSON. */
export class LineReader {
  #rest: Buffer[] = [];
  #size = 0;

  /**
   * @param onLine returns `false` when the rest is no lines
   * @returns bytes after the last line that was taken as one; `undefined` while lines go on
   * @throws {MonitorError} `PROTOCOL_BROKEN`
   */
  push(chunk: Buffer, onLine: (value: unknown) => boolean): Buffer | undefined {
    let start = 0;
    for (;;) {
      const feed = chunk.indexOf(LINE_FEED, start);
      if (feed === -1) break;
      const line = Buffer.concat([...this.#rest, chunk.subarray(start, feed)]).toString('utf8');
      this.#rest = [];
      this.#size = 0;
      start = feed + 1;
      if (!onLine(parseLine(line))) return chunk.subarray(start);
    }
    if (start < chunk.length) {
      this.#rest.push(chunk.subarray(start));
      this.#size += chunk.length - start;
    }
    if (this.#size > MAX_LINE_BYTES)
      throw new MonitorError('PROTOCOL_BROKEN', 'Cannot read a line: it has no end');
    return undefined;
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new MonitorError(
      'PROTOCOL_BROKEN',
      `Cannot read a line: expected JSON, got "${line.slice(0, 80)}"`,
    );
  }
}
