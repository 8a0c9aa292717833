import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { hasCode } from '@berth/errors';
import { CliError } from '../../errors.ts';
import { ApiError } from './api-error.ts';
import { jsonLines } from './json-lines.ts';

export type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface ApiCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Of no version: engine and command are of one release, so there is nothing to negotiate. */
  readonly path: string;
  /** `false` and `undefined` are left out; a list is repeated. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly json?: unknown;
  /** A body that is sent as it comes; it ends the call when it fails. */
  readonly body?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A connection that is bytes in both directions; `isTerminal`: no frames around the output. */
export interface Hijacked {
  readonly socket: Socket;
  readonly contentType: string;
}

const MAX_ERROR_BYTES = 64 * 1024;

/**
 * The Docker Engine API on a socket of this machine. Each call has a connection of its own, which ends with it. Answers
 * other than 2xx and 304 throw `ApiError`.
 */
export class EngineClient {
  readonly address: string;
  readonly #signal: AbortSignal;

  /** @param options `signal` ends every call that has none of its own */
  constructor(address: string, options: { readonly signal: AbortSignal }) {
    this.address = address;
    this.#signal = options.signal;
  }

  /** The answer's body is the caller's to read or destroy. */
  async send(call: ApiCall): Promise<IncomingMessage> {
    const sent = this.#request(call);
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve);
      sent.once('error', (error) => reject(this.#fault(error)));
    });
    const body = this.#sendBody(sent, call);
    // An answer may come before the body is through: a refusal mostly.
    const answer = await Promise.race([answered, body.then(() => answered)]);
    return await checked(answer);
  }

  async json<T>(call: ApiCall): Promise<T> {
    return JSON.parse(await this.text(call)) as T;
  }

  async text(call: ApiCall): Promise<string> {
    return await readText(await this.send(call));
  }

  /** @returns whether something changed: 304 is `false` */
  async act(call: ApiCall): Promise<boolean> {
    const answer = await this.send({ method: 'POST', ...call });
    await readText(answer);
    return answer.statusCode !== 304;
  }

  /** The answer's JSON values, one after the other, each as soon as it is there. */
  async *lines<T>(call: ApiCall): AsyncGenerator<T> {
    const answer = await this.send(call);
    try {
      yield* jsonLines<T>(answer);
    } catch (error) {
      throw this.#fault(error);
    } finally {
      answer.destroy();
    }
  }

  /** A call whose connection becomes a stream: attach, and the start of an exec. */
  async hijack(call: ApiCall): Promise<Hijacked> {
    const sent = this.#request({
      method: 'POST',
      ...call,
      headers: { ...call.headers, connection: 'Upgrade', upgrade: 'tcp' },
    });
    const upgraded = new Promise<Hijacked | IncomingMessage>((resolve, reject) => {
      sent.once('error', (error) => reject(this.#fault(error)));
      sent.once('response', resolve);
      sent.once('upgrade', (answer, socket, head) => {
        if (head.byteLength > 0) socket.unshift(head);
        resolve({ socket: socket as Socket, contentType: answer.headers['content-type'] ?? '' });
      });
    });
    await this.#sendBody(sent, call);
    const result = await upgraded;
    if ('contentType' in result) return result;
    await readText(await checked(result));
    throw new ApiError(500, 'the engine did not hand over the connection');
  }

  #request({ method = 'GET', path, query, json, headers, signal = this.#signal }: ApiCall): ClientRequest {
    const options: RequestOptions = {
      ...{ socketPath: this.address, method, agent: false, signal },
      path: `${path}${queryText(query)}`,
      headers: {
        host: 'berth',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    };
    return request(options);
  }

  async #sendBody(sent: ClientRequest, { json, body }: ApiCall): Promise<void> {
    if (body === undefined) {
      const text = json === undefined ? undefined : JSON.stringify(json);
      if (text !== undefined) sent.setHeader('content-length', Buffer.byteLength(text));
      else if (sent.method !== 'GET' && sent.method !== 'HEAD') sent.setHeader('content-length', 0);
      sent.end(text);
      return;
    }
    try {
      await pipeline(body, sent);
    } catch (error) {
      // The engine has answered and closed; what it said tells more.
      if (!hasCode(error) || !['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(error.code)) {
        throw this.#fault(error);
      }
    }
  }

  #fault(error: unknown): unknown {
    if (!hasCode(error)) return error;
    const where = this.address;
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
      const message = `No engine answers on ${where}: start one with "berth up", or "berth engine" for it alone`;
      return new CliError('ENGINE_NOT_RUNNING', message, { cause: error });
    }
    if (error.code === 'EACCES') {
      const message = `Cannot use ${where}: it belongs to another user; run this as root, for instance with sudo`;
      return new CliError('ENGINE_DENIED', message, { cause: error });
    }
    if (['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes(error.code)) {
      return new CliError('ENGINE_GONE', 'The engine closed the connection before it had answered', {
        cause: error,
        hint: 'It may have been stopped or restarted; containers run on: see "berth ps"',
      });
    }
    return error;
  }
}

async function checked(answer: IncomingMessage): Promise<IncomingMessage> {
  const status = answer.statusCode ?? 0;
  if ((status >= 200 && status < 300) || status === 304) return answer;
  const text = await readText(answer, MAX_ERROR_BYTES);
  throw new ApiError(status, messageOf(text) ?? `status ${status}`);
}

async function readText(answer: IncomingMessage, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function messageOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const message = (value as { message?: unknown } | null)?.message;
    return typeof message === 'string' ? message : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return text.trim() || undefined;
    throw error;
  }
}

function queryText(query: ApiCall['query']): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'object') for (const one of value) params.append(name, one);
    else params.append(name, value === true ? '1' : String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
