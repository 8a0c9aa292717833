import type { Socket } from 'node:net';
import { toPlainError } from '@berth/errors';
import { MonitorError } from '../errors.ts';
import { checkHello } from '../protocol/hello.ts';
import { LineReader } from '../protocol/line-reader.ts';
import {
  type MonitorEvent,
  PROTOCOL_VERSION,
  type Reply,
  type Request,
  type Requests,
} from '../protocol/messages.ts';
import { AttachedClient } from './attached-client.ts';
import type { MonitorServer } from './monitor-server.ts';

/** One connection of an engine: lines of requests, until one of them makes it a stream. */
export class Connection {
  readonly #socket: Socket;
  readonly #server: MonitorServer;
  readonly #lines = new LineReader();
  readonly #onData = (chunk: Buffer): void => this.#received(chunk);
  #isGreeted = false;
  #isWatching = false;

  constructor(socket: Socket, server: MonitorServer) {
    this.#socket = socket;
    this.#server = server;
    this.#say({ 'berth-monitor': PROTOCOL_VERSION, pid: process.pid });
    socket.on('data', this.#onData);
    // An engine that was killed: 'close' follows.
    socket.on('error', () => {});
  }

  /** For engines that watch. @returns whether it was said */
  tell(event: MonitorEvent): boolean {
    if (!this.#isWatching || !this.#socket.writable) return false;
    this.#say(event);
    return true;
  }

  #received(chunk: Buffer): void {
    try {
      const rest = this.#lines.push(chunk, (line) => this.#line(line));
      if (rest !== undefined && rest.length > 0) this.#socket.unshift(rest);
    } catch (error) {
      this.#say({ seq: 0, error: toPlainError(error) });
      this.#socket.end();
    }
  }

  /** @returns whether lines go on */
  #line(line: unknown): boolean {
    if (!this.#isGreeted) {
      checkHello(line, 'engine');
      this.#isGreeted = true;
      return true;
    }
    const request = line as Request;
    if (request.type === 'attach') {
      this.#attach(request);
      return false;
    }
    this.#answer(request);
    return true;
  }

  #answer(request: Exclude<Request, { readonly type: 'attach' }>): void {
    const { seq } = request;
    this.#handle(request).then(
      (result) => this.#say({ seq, result: result ?? null }),
      (error: unknown) => this.#say({ seq, error: toPlainError(error) }),
    );
  }

  async #handle(request: Exclude<Request, { readonly type: 'attach' }>): Promise<unknown> {
    if (request.type === 'watch') {
      this.#isWatching = true;
      return this.#server.tellExits();
    }
    const handler = this.#server.handlers[request.type] as
      | ((ask: unknown, from: object) => unknown)
      | undefined;
    if (handler === undefined)
      throw new MonitorError(
        'PROTOCOL_BROKEN',
        `Cannot do "${String(request.type)}": there is no such request`,
      );
    return await handler(request, this);
  }

  #attach(request: { readonly seq: number } & Requests['attach']['ask']): void {
    const { seq, id, execId, stdin, stdout, stderr } = request;
    const name = { id, ...(execId === undefined ? {} : { execId }) };
    this.#socket.off('data', this.#onData);
    // Said before the first frame.
    this.#say({ seq, result: null });
    const client = new AttachedClient(this.#socket, {
      name,
      wishes: { stdin, stdout, stderr },
      isForeground: !this.#server.hasStarted(name),
    });
    this.#socket.once('close', () => this.#server.stopWaiting(name, client));
    this.#server.attach(name, client);
  }

  #say(line: Reply | MonitorEvent | { readonly 'berth-monitor': number; readonly pid: number }): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(line)}\n`);
  }
}
