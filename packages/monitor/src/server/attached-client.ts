import type { Socket } from 'node:net';
import { toPlainError } from '@berth/errors';
import { MonitorError } from '../errors.ts';
import { FrameReader, frame } from '../protocol/frames.ts';
import { FRAME, type ProcessName } from '../protocol/messages.ts';

/** What one client may be behind before its process waits for it. */
export const BACKLOG_BYTES = 1024 * 1024;
/** And for how long it may take nothing at all, when it came to watch what was running already. */
export const STALL_MS = 10_000;
/** What was sent to a client that is let go has that long to be taken. */
const FAREWELL_MS = 30_000;

export interface ClientWishes {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface InputTarget {
  /** @returns whether there is room for more; otherwise `onRoom` is called once when there is */
  write(bytes: Uint8Array, onRoom: () => void): boolean;
  /** This client will say no more. */
  endOf(client: AttachedClient): void;
}

/**
 * One connection that sees a process's output and may write to its input.
 *
 * A client of the foreground was there before the process began: it is the other end of a pipe, and the process waits for it as
 * long as it takes (`docker run … | less`). Who came later only watches: it may be slow, but when it takes nothing for
 * `STALL_MS` it is let go, and the process goes on.
 */
export class AttachedClient {
  readonly wishes: ClientWishes;
  readonly isForeground: boolean;
  readonly #socket: Socket;
  readonly #name: ProcessName;
  readonly #reader = new FrameReader();
  readonly #early: Buffer[] = [];
  #earlyBytes = 0;
  #target: InputTarget | undefined;
  #isGone = false;
  #hasEndedInput = false;
  #onBehind: ((isBehind: boolean) => void) | undefined;
  #onGone: (() => void) | undefined;
  #isBehind = false;
  #stall: NodeJS.Timeout | undefined;
  #takenAtStall = 0;

  constructor(
    socket: Socket,
    options: { readonly name: ProcessName; readonly wishes: ClientWishes; readonly isForeground: boolean },
  ) {
    this.#socket = socket;
    this.#name = options.name;
    this.wishes = options.wishes;
    this.isForeground = options.isForeground;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('drain', () => this.#setBehind(false));
    // The end of its input is a frame: a connection that ends is a client that has gone.
    socket.on('end', () => this.#gone());
    socket.on('close', () => this.#gone());
    // A client that was killed: 'close' follows.
    socket.on('error', () => {});
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Joins the client to a process. What it said before that comes first. */
  join(
    target: InputTarget,
    options: { readonly onBehind: (isBehind: boolean) => void; readonly onGone: () => void },
  ): void {
    this.#target = target;
    this.#onBehind = options.onBehind;
    this.#onGone = options.onGone;
    const early = Buffer.concat(this.#early.splice(0));
    this.#socket.resume();
    if (early.length > 0) this.#received(early);
  }

  send(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    if (this.#isGone || !this.wishes[stream]) return;
    this.#socket.write(frame(FRAME[stream], bytes));
    if (this.#socket.writableLength > BACKLOG_BYTES) this.#setBehind(true);
  }

  /** The process is over, or never came to be: says so and closes when all was taken. */
  end(options: { readonly hasExit: boolean }): void {
    if (this.#isGone) return;
    clearTimeout(this.#stall);
    for (const stream of [FRAME.stdout, FRAME.stderr])
      this.#socket.write(frame(FRAME.end, Buffer.of(stream, options.hasExit ? 1 : 0)));
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
  }

  dismiss(error: unknown): void {
    if (this.#isGone) return;
    this.#socket.write(frame(FRAME.dismissed, Buffer.from(JSON.stringify(toPlainError(error)))));
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
    this.#gone();
  }

  #received(chunk: Buffer): void {
    if (this.#target === undefined) {
      this.#early.push(chunk);
      this.#earlyBytes += chunk.length;
      if (this.#earlyBytes > BACKLOG_BYTES) this.#socket.pause();
      return;
    }
    try {
      this.#reader.push(chunk, (stream, bytes) => {
        if (stream === FRAME.end) return this.#inputEnded();
        if (stream !== FRAME.stdin)
          throw new MonitorError('PROTOCOL_BROKEN', `Cannot take frames of stream ${stream}`);
        if (!this.wishes.stdin || this.#hasEndedInput || this.#target === undefined) return;
        if (!this.#target.write(bytes, () => this.#socket.resume())) this.#socket.pause();
      });
    } catch (error) {
      this.dismiss(error);
    }
  }

  #inputEnded(): void {
    if (this.#hasEndedInput) return;
    this.#hasEndedInput = true;
    if (this.wishes.stdin) this.#target?.endOf(this);
  }

  #setBehind(isBehind: boolean): void {
    if (isBehind === this.#isBehind) return;
    this.#isBehind = isBehind;
    clearTimeout(this.#stall);
    if (isBehind && !this.isForeground) this.#watchStall();
    this.#onBehind?.(isBehind);
  }

  #watchStall(): void {
    this.#takenAtStall = this.#taken();
    this.#stall = setTimeout(() => {
      if (this.#taken() > this.#takenAtStall) return this.#watchStall();
      const { id, execId } = this.#name;
      this.dismiss(
        new MonitorError(
          'CLIENT_TOO_SLOW',
          `Cannot go on with the output of "${execId ?? id}": nothing of ${this.#socket.writableLength} bytes was taken for ${STALL_MS / 1000} s`,
          { hint: 'What was missed is in the log: docker logs' },
        ),
      );
    }, STALL_MS).unref();
  }

  #taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#stall);
    this.#inputEnded();
    if (this.#isBehind) {
      this.#isBehind = false;
      this.#onBehind?.(false);
    }
    this.#onGone?.();
  }
}
