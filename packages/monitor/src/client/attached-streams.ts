import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fromPlainError, hasCode, type PlainError } from '@berth/errors';
import { MonitorError } from '../errors.ts';
import type { AttachedStreams, OutputChunk } from '../interface.ts';
import { FrameReader, frame, MAX_FRAME_BYTES } from '../protocol/frames.ts';
import { FRAME, type Reply } from '../protocol/messages.ts';
import type { Greeted } from './connection.ts';

export interface AttachOptions {
  /** A greeted connection, and what to ask on it. Called again when the monitor was lost in the middle. */
  readonly connect: () => Promise<Greeted>;
  readonly request: Readonly<Record<string, unknown>>;
  /** Whether the process runs, after the monitor was lost: otherwise there is nothing to go back to. */
  readonly isRunning: () => Promise<boolean>;
  /** Resolves when the exit was told, so that whoever sees the end can ask how it was. */
  readonly onEnd: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Opens a stream connection. When it resolves, what the process writes afterwards is not missed. */
export async function openAttachedStreams(options: AttachOptions): Promise<AttachedStreams> {
  options.signal?.throwIfAborted();
  return new SocketStreams(await openStream(options), options);
}

interface OpenStream {
  readonly socket: Socket;
  /** Came with the answer. */
  readonly early: Buffer | undefined;
}

async function openStream({ connect, request }: AttachOptions): Promise<OpenStream> {
  const { socket, lines } = await connect();
  socket.on('error', () => {});
  socket.write(`${JSON.stringify({ ...request, seq: 1, type: 'attach' })}\n`);
  return await new Promise((resolve, reject) => {
    const onClose = (): void =>
      reject(new MonitorError('MONITOR_LOST', 'Cannot attach: the monitor went away'));
    socket.once('close', onClose);
    socket.on('data', (chunk: Buffer) => {
      try {
        let answer: Reply | undefined;
        const early = lines.push(chunk, (line) => {
          answer = line as Reply;
          return false;
        });
        if (answer === undefined) return;
        socket.off('close', onClose);
        socket.removeAllListeners('data');
        socket.pause();
        if ('error' in answer) {
          socket.destroy();
          reject(fromPlainError(answer.error as PlainError));
        } else resolve({ socket, early });
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
    socket.resume();
  });
}

/** @returns `undefined`: lost again */
async function reopenStream(options: AttachOptions): Promise<OpenStream | undefined> {
  try {
    return await openStream(options);
  } catch (error) {
    if (hasCode(error) && error.code === 'MONITOR_LOST') return undefined;
    throw error;
  }
}

/** Output waits in the socket until it is asked for: who reads slowly is behind there, and not in our memory. */
class SocketStreams implements AttachedStreams {
  readonly output: AsyncIterable<OutputChunk>;
  readonly #options: AttachOptions;
  #socket: Socket;
  #isDisposed = false;
  #isInputOver = false;
  readonly #onAbort = (): void => this.#close();

  constructor(stream: OpenStream, options: AttachOptions) {
    this.#options = options;
    this.#socket = stream.socket;
    this.output = this.#read(stream);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#close();
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += MAX_FRAME_BYTES)
      await this.#send(frame(FRAME.stdin, bytes.subarray(at, at + MAX_FRAME_BYTES)));
  }

  async endInput(): Promise<void> {
    if (this.#isInputOver) return;
    await this.#send(frame(FRAME.end, Buffer.of(FRAME.stdin)));
    this.#isInputOver = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  /** Idempotent. */
  #close(): void {
    this.#isDisposed = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
  }

  async #send(bytes: Buffer): Promise<void> {
    const socket = this.#socket;
    if (this.#isInputOver || socket.destroyed || !socket.writable) return;
    if (socket.write(bytes)) return;
    // Rejects when the socket fails; a process that is gone is no error.
    const stop = new AbortController();
    const closed = once(socket, 'close', { signal: stop.signal });
    const drained = once(socket, 'drain', { signal: stop.signal });
    await Promise.race([closed, drained].map((one) => one.catch(() => {})));
    stop.abort();
  }

  async *#read(first: OpenStream): AsyncGenerator<OutputChunk, void, undefined> {
    let stream = first;
    try {
      for (;;) {
        const outcome = yield* this.#readUntilEnd(stream);
        if (outcome === 'exited') await this.#options.onEnd();
        if (outcome !== 'lost') return;
        this.#options.signal?.throwIfAborted();
        if (this.#isDisposed || !(await this.#options.isRunning())) return;
        const again = await reopenStream(this.#options);
        if (again === undefined) continue;
        stream = again;
        this.#socket = stream.socket;
        if (this.#isDisposed) return;
        if (this.#isInputOver) await this.#send(frame(FRAME.end, Buffer.of(FRAME.stdin)));
      }
    } finally {
      this.#close();
    }
  }

  async *#readUntilEnd({
    socket,
    early,
  }: OpenStream): AsyncGenerator<OutputChunk, 'exited' | 'neverBegan' | 'lost', undefined> {
    const reader = new FrameReader();
    let ends = 0;
    let hasExit = false;
    const chunks: OutputChunk[] = [];
    const take = (bytes: Buffer): void =>
      reader.push(bytes, (stream, payload) => {
        if (stream === FRAME.end) {
          ends++;
          hasExit ||= payload[1] === 1;
        } else if (stream === FRAME.dismissed) throw fromPlainError(JSON.parse(payload.toString('utf8')));
        else chunks.push({ stream: stream === FRAME.stderr ? 'stderr' : 'stdout', bytes: payload });
      });
    if (early !== undefined) take(early);
    yield* chunks.splice(0);
    if (ends >= 2) return hasExit ? 'exited' : 'neverBegan';
    try {
      for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
        take(bytes as Buffer);
        yield* chunks.splice(0);
        if (ends >= 2) return hasExit ? 'exited' : 'neverBegan';
      }
    } catch (error) {
      // A dismissal, or something that is no protocol; a socket that was destroyed is a monitor that was lost.
      if (!isSocketFailure(error)) throw error;
    }
    return 'lost';
  }
}

function isSocketFailure(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR', 'ERR_STREAM_DESTROYED'].includes(
    code,
  );
}
