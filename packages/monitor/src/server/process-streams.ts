import { closeSync } from 'node:fs';
import { type ReadableWatch, setWindowSize, watchReadable } from '@berth/linux/supervision';
import type { LogStream } from '@berth/runtime';
import { MonitorError } from '../errors.ts';
import type { KeptDescriptor } from '../protocol/messages.ts';
import type { AttachedClient } from './attached-client.ts';
import type { OutputSink } from './output-recorder.ts';
import { fifoInput, type ProcessInput, terminalInput } from './process-input.ts';

/** After a process has ended, what still holds its output open (a program it left behind) is waited for no longer. */
const DRAIN_MS = 2000;
/** A terminal that nobody has open may be opened again while its process runs. */
const REOPEN_MS = 100;
/** How long files stay open for an engine that has not said that it has copied them. */
const KEEP_MS = 5000;

export interface StreamsOptions {
  readonly sink: OutputSink;
  readonly isTerminal: boolean;
  /** The first client that leaves ends the input. */
  readonly endsInputOnce: boolean;
  readonly onInputEnded: () => void;
  readonly onFault: (error: unknown, what: string) => void;
}

interface Source {
  readonly role: 'stdout' | 'stderr' | 'terminal';
  readonly fd: number;
  watch: ReadableWatch | undefined;
  isOver: boolean;
}

/**
 * The stdio of one process: reads its output into the log and to whoever is attached, and takes their input to it.
 *
 * Output is read as soon as it is there, whether anybody is attached or not, and kept nowhere: a process that nobody looks at
 * costs nothing. It is not read while a client is too far behind.
 */
export class ProcessStreams {
  readonly #options: StreamsOptions;
  readonly #sources: Source[] = [];
  readonly #clients = new Set<AttachedClient>();
  readonly #behind = new Set<AttachedClient>();
  #input: ProcessInput | undefined;
  #hasProcessEnded = false;
  #isKept = false;
  #onDrained: (() => void) | undefined;
  #reopen: NodeJS.Timeout | undefined;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** Takes over the descriptors. For a terminal there is one that is all. */
  open(descriptors: readonly KeptDescriptor[]): void {
    for (const { role, fd } of descriptors) {
      if (role === 'stdin') {
        this.#input = fifoInput(fd);
        continue;
      }
      if (role === 'terminal') this.#input = terminalInput(fd);
      const source: Source = { role, fd, watch: undefined, isOver: false };
      this.#sources.push(source);
      source.watch = watchReadable(fd, () => this.#read(source));
      if (this.#behind.size > 0) source.watch.pause();
    }
  }

  /** What an engine should hold copies of. */
  get descriptors(): readonly KeptDescriptor[] {
    const outputs = this.#sources.map(({ role, fd }) => ({ role, fd }));
    const input = this.#input;
    return input === undefined || this.#options.isTerminal
      ? outputs
      : [{ role: 'stdin', fd: input.fd }, ...outputs];
  }

  get hasInput(): boolean {
    return this.#input !== undefined;
  }

  get hasTerminal(): boolean {
    return this.#sources.some(({ role }) => role === 'terminal');
  }

  attach(client: AttachedClient): void {
    if (client.isGone) return;
    this.#clients.add(client);
    client.join(
      {
        write: (bytes, onRoom) => this.#input?.write(bytes, onRoom) ?? true,
        endOf: () => {
          if (this.#options.endsInputOnce) this.endInput();
        },
      },
      {
        onBehind: (isBehind) => this.#setBehind(client, isBehind),
        onGone: () => {
          this.#clients.delete(client);
          this.#setBehind(client, false);
        },
      },
    );
  }

  /** A terminal's input has no end. */
  endInput(): void {
    if (this.#input === undefined || this.#options.isTerminal) return;
    this.#input.end();
    this.#input = undefined;
    this.#options.onInputEnded();
  }

  /** @throws {MonitorError} `NO_TERMINAL` */
  resize(size: { readonly columns: number; readonly rows: number }): void {
    const terminal = this.#sources.find(({ role }) => role === 'terminal');
    if (terminal === undefined)
      throw new MonitorError('NO_TERMINAL', 'Cannot set the size of a terminal: the process has none');
    if (!this.#hasProcessEnded) setWindowSize(terminal.fd, size);
  }

  /** An engine has its copies. */
  kept(): void {
    this.#isKept = true;
  }

  /** The process has ended: resolves when all that it wrote was read. */
  async drain(): Promise<void> {
    this.#hasProcessEnded = true;
    this.#input?.close();
    this.#input = undefined;
    // Nobody may hold up the end: a client that is behind gets the rest into its backlog.
    for (const source of this.#sources) {
      if (source.role === 'terminal') this.#readToEnd(source);
      else source.watch?.resume();
    }
    if (this.#sources.every((source) => source.isOver)) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
      timer = setTimeout(resolve, DRAIN_MS);
    });
    clearTimeout(timer);
  }

  /** Tells clients that this was all, and closes. After `drain`. */
  close(): void {
    clearTimeout(this.#reopen);
    for (const source of this.#sources) {
      this.#over(source);
      source.watch?.[Symbol.dispose]();
      source.watch = undefined;
    }
    this.#options.sink[Symbol.dispose]();
    for (const client of this.#clients) client.end({ hasExit: true });
    this.#clients.clear();
    this.#closeFiles(performance.now() + KEEP_MS);
  }

  /** An engine may be about to copy a descriptor by its number: then it must not mean another file yet. */
  #closeFiles(deadline: number): void {
    if (!this.#isKept && performance.now() < deadline) {
      setTimeout(() => this.#closeFiles(deadline), 100).unref();
      return;
    }
    for (const { fd } of this.#sources.splice(0)) closeSync(fd);
  }

  #read(source: Source): void {
    if (source.isOver) return;
    try {
      const stream: LogStream = source.role === 'stderr' ? 'stderr' : 'stdout';
      const outcome = this.#options.sink.take(stream, source.fd, (chunk) => {
        for (const client of this.#clients) client.send(stream, chunk);
      });
      if (outcome === 'end') this.#ended(source);
    } catch (error) {
      this.#options.onFault(error, `read ${source.role} of a process`);
      this.#over(source);
    }
  }

  /** All writers of a FIFO are gone for good; of a terminal only as long as its process does not open it again. */
  #ended(source: Source): void {
    if (source.role !== 'terminal' || this.#hasProcessEnded) {
      this.#over(source);
      return;
    }
    source.watch?.pause();
    clearTimeout(this.#reopen);
    this.#reopen = setTimeout(() => {
      if (!source.isOver && this.#behind.size === 0) source.watch?.resume();
    }, REOPEN_MS);
  }

  /** No program has the terminal open any more, so what is there now is all. */
  #readToEnd(source: Source): void {
    const { sink } = this.#options;
    const use = (chunk: Uint8Array): void => {
      for (const client of this.#clients) client.send('stdout', chunk);
    };
    while (!source.isOver && sink.take('stdout', source.fd, use) === 'some');
    this.#over(source);
  }

  #over(source: Source): void {
    if (source.isOver) return;
    source.isOver = true;
    source.watch?.[Symbol.dispose]();
    source.watch = undefined;
    const stream: LogStream = source.role === 'stderr' ? 'stderr' : 'stdout';
    this.#options.sink.end(stream);
    if (this.#sources.every((one) => one.isOver)) this.#onDrained?.();
  }

  #setBehind(client: AttachedClient, isBehind: boolean): void {
    const before = this.#behind.size;
    if (isBehind) this.#behind.add(client);
    else this.#behind.delete(client);
    if (before === 0 && this.#behind.size > 0 && !this.#hasProcessEnded)
      for (const source of this.#sources) source.watch?.pause();
    if (before > 0 && this.#behind.size === 0)
      for (const source of this.#sources) if (!source.isOver) source.watch?.resume();
  }
}
