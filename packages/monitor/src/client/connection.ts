import { createConnection, type Socket } from 'node:net';
import { fromPlainError, type PlainError } from '@berth/errors';
import { MonitorError } from '../errors.ts';
import { checkHello } from '../protocol/hello.ts';
import { LineReader } from '../protocol/line-reader.ts';
import {
  type Hello,
  type MonitorEvent,
  PROTOCOL_VERSION,
  type Reply,
  type Requests,
  type RequestType,
} from '../protocol/messages.ts';

/** A connected and greeted monitor. */
export interface Greeted {
  readonly socket: Socket;
  readonly pid: number;
  /** Lines go on from here. */
  readonly lines: LineReader;
}

/**
 * Connects and checks versions.
 *
 * @returns `undefined`: nobody listens there
 * @throws {MonitorError} `MONITOR_VERSION`, `PROTOCOL_BROKEN`
 */
export async function connectMonitor(path: string): Promise<Greeted | undefined> {
  const socket = createConnection({ path });
  const lines = new LineReader();
  try {
    const hello = await new Promise<Hello | undefined>((resolve, reject) => {
      socket.once('error', (error: NodeJS.ErrnoException) => {
        if (NOBODY.has(error.code ?? '')) resolve(undefined);
        else reject(error);
      });
      socket.once('close', () => resolve(undefined));
      socket.on('data', (chunk: Buffer) => {
        try {
          const rest = lines.push(chunk, (line) => {
            resolve(checkHello(line, 'monitor'));
            return false;
          });
          if (rest === undefined) return;
          socket.removeAllListeners('data');
          socket.pause();
          if (rest.length > 0) socket.unshift(rest);
        } catch (error) {
          reject(error);
        }
      });
      socket.write(`${JSON.stringify({ 'berth-monitor': PROTOCOL_VERSION } satisfies Hello)}\n`);
    });
    if (hello === undefined) {
      socket.destroy();
      return undefined;
    }
    socket.removeAllListeners('error').removeAllListeners('close');
    return { socket, pid: hello.pid ?? 0, lines };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTDIR']);

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The engine's end of a connection for requests and events. */
export class RequestConnection {
  readonly pid: number;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #seq = 0;
  #isClosed = false;

  constructor(
    { socket, pid, lines }: Greeted,
    options: { readonly onEvent: (event: MonitorEvent) => void; readonly onClose: () => void },
  ) {
    this.#socket = socket;
    this.pid = pid;
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#isClosed = true;
      for (const one of this.#waiting.values()) one.reject(lost());
      this.#waiting.clear();
      options.onClose();
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        lines.push(chunk, (line) => {
          const said = line as Reply | MonitorEvent;
          if ('event' in said) options.onEvent(said);
          else this.#answered(said);
          return true;
        });
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.resume();
  }

  /** @throws what the monitor throws; {MonitorError} `MONITOR_LOST`: it may or may not have been done */
  async ask<Type extends RequestType>(
    type: Type,
    values: Requests[Type]['ask'],
  ): Promise<Requests[Type]['result']> {
    if (this.#isClosed) throw lost();
    const seq = ++this.#seq;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(seq, { resolve, reject }));
    this.#socket.write(`${JSON.stringify({ ...values, seq, type })}\n`);
    return (await answer) as Requests[Type]['result'];
  }

  close(): void {
    this.#socket.destroy();
  }

  #answered(reply: Reply): void {
    const waiting = this.#waiting.get(reply.seq);
    this.#waiting.delete(reply.seq);
    if ('error' in reply) waiting?.reject(fromPlainError(reply.error as PlainError));
    else waiting?.resolve(reply.result);
  }
}

function lost(): MonitorError {
  return new MonitorError('MONITOR_LOST', 'Cannot tell what became of the call: the monitor went away', {
    hint: 'Another one is started and adopts what runs; look before asking again',
  });
}
