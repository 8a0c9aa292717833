import { readSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { type LogStream, LogWriter } from '@berth/runtime/supervision';
import type { LogSettings } from '../interface.ts';
import type { InFlight } from './in-flight.ts';
import { readRest, removeRest, writeRest } from './rest-file.ts';

/** Takes output from a file descriptor. */
export interface OutputSink extends Disposable {
  /**
   * One read. `use` sees what was read, when anything was; the memory is used again afterwards.
   *
   * @returns whether there was something, nothing now, or the end
   */
  take(stream: LogStream, fd: number, use: (chunk: Uint8Array) => void): 'some' | 'nothing' | 'end';
  /** No more of this stream will come. */
  end(stream: LogStream): void;
}

const unlogged = Buffer.allocUnsafeSlow(64 * 1024);

/** For processes without a log. */
export const NO_LOG: OutputSink = {
  take: (_stream, fd, use) => {
    const chunk = readOnce(fd, unlogged);
    if (chunk === undefined) return 'nothing';
    if (chunk.length === 0) return 'end';
    use(chunk);
    return 'some';
  },
  end: () => {},
  [Symbol.dispose]: () => {},
};

export interface RecorderOptions {
  readonly id: string;
  /** Of the container's files. */
  readonly folder: string;
  readonly log: LogSettings;
  readonly inFlight: InFlight;
  readonly onFault: (error: unknown, what: string) => void;
}

/** A disk stays full for a while. */
const TELL_EVERY_MS = 60_000;

/** A container's log; `NO_LOG` when it has none. What was begun by a monitor before us goes on. */
export function openRecorder(options: RecorderOptions): OutputSink {
  return options.log.driver === 'none' ? NO_LOG : new LogRecorder(options);
}

class LogRecorder implements OutputSink {
  readonly #id: string;
  readonly #inFlight: InFlight;
  readonly #writer: LogWriter;
  readonly #rests: Readonly<Record<LogStream, string>>;
  /** Streams that have a file with the rest of a line. */
  readonly #withRest = new Set<LogStream>();
  readonly #onFault: RecorderOptions['onFault'];
  #quietUntil = 0;
  #toldLost = 0;

  constructor({ id, folder, log, inFlight, onFault }: RecorderOptions) {
    this.#id = id;
    this.#inFlight = inFlight;
    this.#onFault = onFault;
    this.#writer = new LogWriter(log);
    this.#rests = restPaths(folder);
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = readRest(this.#rests[stream]);
      if (rest === undefined) continue;
      this.#writer.unfinished(stream).restore(rest.bytes, rest.isInsideLine);
      this.#withRest.add(stream);
    }
  }

  take(stream: LogStream, fd: number, use: (chunk: Uint8Array) => void): 'some' | 'nothing' | 'end' {
    // Rotation changes the size that is written down, so it comes first.
    this.#try(() => this.#writer.file.rotateIfDue());
    const { buffer } = this.#inFlight;
    const seq = this.#inFlight.begin({ id: this.#id, stream }, this.#writer.file.size);
    let length = 0;
    try {
      const chunk = readOnce(fd, buffer);
      if (chunk === undefined) return 'nothing';
      if (chunk.length === 0) return 'end';
      length = chunk.length;
      this.#try(() => {
        this.#writer.write(stream, chunk);
        this.#keepRest(stream, seq);
      });
      use(chunk);
      return 'some';
    } finally {
      this.#inFlight.end(length);
    }
  }

  end(stream: LogStream): void {
    this.#try(() => {
      this.#writer.end(stream);
      if (this.#withRest.delete(stream)) removeRest(this.#rests[stream]);
    });
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
  }

  /** A log that cannot be written must not hold up the program: its output is read on and lost, and that is told. */
  #try(act: () => void): void {
    let failure: unknown;
    try {
      act();
    } catch (error) {
      failure = error;
    }
    const lost = this.#writer.file.lostLines - this.#toldLost;
    if (failure === undefined && lost === 0) return;
    const now = performance.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + TELL_EVERY_MS;
    this.#toldLost += lost;
    this.#onFault(
      failure ?? new Error(`${lost} lines were lost: no room on the disk`),
      `write the log of "${this.#id}"`,
    );
  }

  #keepRest(stream: LogStream, seq: number): void {
    const { rest, isInsideLine } = this.#writer.unfinished(stream);
    const isNothing = rest.length === 0 && !isInsideLine;
    if (isNothing && !this.#withRest.has(stream)) return;
    writeRest(this.#rests[stream], { seq, isInsideLine, bytes: rest });
    this.#withRest.add(stream);
  }
}

export function restPaths(folder: string): Readonly<Record<LogStream, string>> {
  return { stdout: join(folder, 'stdout.rest'), stderr: join(folder, 'stderr.rest') };
}

/** A terminal whose last program has closed it answers EIO: its end. */
function readOnce(fd: number, buffer: Uint8Array): Uint8Array | undefined {
  try {
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, null));
  } catch (error) {
    if (hasCode(error) && (error.code === 'EAGAIN' || error.code === 'EINTR')) return undefined;
    if (hasCode(error) && error.code === 'EIO') return buffer.subarray(0, 0);
    throw error;
  }
}
