import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import type { Server } from '../lab/server.ts';
import { type Command, FrameReader, type FromGuest, frame } from './frames.ts';

/** A program in the guest. */
export interface GuestProcess {
  stdout(): string;
  stderr(): string;
  /** Undefined while it runs; `null`: it could not be started. */
  readonly ended: number | NodeJS.Signals | null | undefined;
  kill(signal: NodeJS.Signals): void;
  /** Rejects when the guest is cut off first. */
  exited(): Promise<number | NodeJS.Signals | null>;
}

export interface PortOptions {
  readonly qemu: Server;
  readonly signal?: AbortSignal;
}

/** How long a guest may take to boot: some ten seconds, and many times that on a busy machine. */
const BOOT_MS = 300_000;

/** This end of the port into a guest. */
export class GuestPort implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #options: PortOptions;
  readonly #running = new Map<number, Running>();
  readonly #isReady = Promise.withResolvers<void>();
  #count = 0;

  private constructor(socket: Socket, options: PortOptions) {
    this.#socket = socket;
    this.#options = options;
    // Asked for later, and perhaps never.
    this.#isReady.promise.catch(() => undefined);
    const reader = new FrameReader<FromGuest>();
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const value of reader.push(text)) this.#take(value);
    });
    // It ends with qemu; that is what is told.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#lost());
  }

  /** Connects before the guest looks: its end says "end of file" while nobody is here. */
  static async open(path: string, options: PortOptions): Promise<GuestPort> {
    for (;;) {
      options.signal?.throwIfAborted();
      const socket = await tryConnect(path);
      if (socket !== undefined) return new GuestPort(socket, options);
      if (options.qemu.ended !== undefined)
        throw new Error(`qemu ended (${options.qemu.ended}):\n${options.qemu.output()}`);
      await sleep(10);
    }
  }

  /** Waits until the guest takes commands. */
  async ready(): Promise<void> {
    const { qemu, signal } = this.#options;
    using timeout = new DisposableStack();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`The guest did not boot in time:\n${qemu.output()}`)),
      BOOT_MS,
    );
    timeout.defer(() => clearTimeout(timer));
    const abort = () => late.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    timeout.defer(() => signal?.removeEventListener('abort', abort));
    await Promise.race([this.#isReady.promise, late.promise]);
  }

  start(command: Command): GuestProcess {
    this.#count += 1;
    const id = this.#count;
    const running = new Running((signal) => this.#socket.write(frame({ id, signal })));
    if (this.#socket.destroyed) running.lost();
    else {
      this.#running.set(id, running);
      this.#socket.write(frame({ id, start: command }));
    }
    return running;
  }

  #take(value: FromGuest): void {
    if ('ready' in value) {
      this.#isReady.resolve();
      return;
    }
    const running = this.#running.get(value.id);
    if ('ended' in value) this.#running.delete(value.id);
    running?.take(value);
  }

  #lost(): void {
    this.#isReady.reject(new Error(`The guest ended before it was ready:\n${this.#options.qemu.output()}`));
    for (const one of this.#running.values()) one.lost();
    this.#running.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}

class Running implements GuestProcess {
  readonly #send: (signal: NodeJS.Signals) => void;
  readonly #exited = Promise.withResolvers<number | NodeJS.Signals | null>();
  #stdout = '';
  #stderr = '';
  #ended: number | NodeJS.Signals | null | undefined;

  constructor(send: (signal: NodeJS.Signals) => void) {
    this.#send = send;
    // Not everybody waits for what is started.
    this.#exited.promise.catch(() => undefined);
  }

  get ended(): number | NodeJS.Signals | null | undefined {
    return this.#ended;
  }

  stdout(): string {
    return this.#stdout;
  }

  stderr(): string {
    return this.#stderr;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#ended === undefined) this.#send(signal);
  }

  async exited(): Promise<number | NodeJS.Signals | null> {
    return await this.#exited.promise;
  }

  take(value: Exclude<FromGuest, { readonly ready: true }>): void {
    if ('stdout' in value) this.#stdout += value.stdout;
    if ('stderr' in value) this.#stderr += value.stderr;
    if (!('ended' in value)) return;
    this.#ended = value.ended;
    this.#exited.resolve(value.ended);
  }

  lost(): void {
    this.#exited.reject(new GuestGoneError());
  }
}

/** The guest was cut off while something ran in it. */
export class GuestGoneError extends Error {
  override readonly name = 'GuestGoneError';

  constructor() {
    super('The guest is gone');
  }
}

/** @returns undefined while nobody listens there */
async function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  try {
    await new Promise<void>((done, fail) => {
      socket.once('connect', done);
      socket.once('error', fail);
    });
    return socket;
  } catch (error) {
    socket.destroy();
    if (hasCode(error) && ['ENOENT', 'ECONNREFUSED'].includes(error.code)) return undefined;
    throw error;
  }
}
