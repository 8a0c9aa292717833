import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineError } from '../../errors.ts';
import { bodyTooLarge, MAX_BODY_BYTES } from '../wire/json-body.ts';

/** How long a client may take to close after we have said all. */
const LINGER_MS = 5000;

/**
 * A connection that HTTP has let go of: what the client sends are the bytes of a process's stdin, what it gets those of
 * its output. The two directions end apart: a client that has closed its side (stdin has ended) still reads.
 */
export class HijackedConnection {
  readonly socket: Duplex;
  /** The client asked for `Upgrade: tcp`; without that it gets 200 and never 101. */
  readonly isUpgrade: boolean;
  readonly #body: Uint8Array | undefined;

  /** @param options `body`: read already, where HTTP still had the connection */
  constructor(
    socket: Duplex,
    options: { readonly head: Uint8Array; readonly isUpgrade: boolean; readonly body?: Uint8Array },
  ) {
    this.socket = socket;
    this.#body = options.body;
    this.isUpgrade = options.isUpgrade;
    if (options.head.byteLength > 0) socket.unshift(options.head);
    // Whoever waits for the socket hears of it by "close".
    socket.on('error', () => {});
  }

  /**
   * The body that stands before the stream (`exec` sends one): node's parser leaves it in the connection.
   *
   * @throws {EngineError} `REQUEST_INVALID` for a chunked one, `REQUEST_TOO_LARGE`
   */
  async readBody(req: IncomingMessage): Promise<Uint8Array> {
    if (this.#body !== undefined) return this.#body;
    if (req.headers['transfer-encoding'] !== undefined) {
      throw new EngineError(
        'REQUEST_INVALID',
        'a request that takes the connection over must give a Content-Length',
      );
    }
    const length = Number(req.headers['content-length'] ?? 0);
    if (length > MAX_BODY_BYTES) throw bodyTooLarge();
    return length === 0 ? Buffer.alloc(0) : await this.#readExactly(length);
  }

  /** 101 or 200, and then bytes. */
  begin(headers: OutgoingHttpHeaders): void {
    if (this.isUpgrade) {
      this.#writeHead('101 UPGRADED', { ...headers, connection: 'Upgrade', upgrade: 'tcp' });
    } else this.#writeHead('200 OK', { ...headers, connection: 'close' });
  }

  /** An answer without a stream; the connection ends with it. */
  answer(status: number, headers: OutgoingHttpHeaders, body: string): void {
    const length = Buffer.byteLength(body);
    this.#writeHead(`${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(), {
      ...headers,
      'Content-Length': length,
      connection: 'close',
    });
    this.socket.write(body);
    this.end();
  }

  /** Resolves when there is room again; `false` when the client is gone. */
  write(...chunks: readonly Uint8Array[]): Promise<boolean> {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) return Promise.resolve(false);
    socket.cork();
    let hasRoom = true;
    for (const chunk of chunks) hasRoom = socket.write(chunk);
    socket.uncork();
    if (hasRoom) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (isThere: boolean): void => {
        socket.off('drain', onDrain);
        socket.off('close', onClose);
        resolve(isThere);
      };
      const onDrain = (): void => settle(true);
      const onClose = (): void => settle(false);
      socket.once('drain', onDrain);
      socket.once('close', onClose);
    });
  }

  /**
   * Says that there is no more output, and reads on until the client has closed too: closing a local socket with
   * unread bytes in it would throw away what the client has not read yet.
   */
  end(): void {
    const { socket } = this;
    if (socket.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    socket.once('end', () => socket.destroy());
    if (socket.readableEnded) socket.once('finish', () => socket.destroy());
    socket.end();
    socket.resume();
  }

  #writeHead(statusLine: string, headers: OutgoingHttpHeaders): void {
    const lines = Object.entries(headers).map(([name, value]) => `${titleCase(name)}: ${String(value)}\r\n`);
    this.socket.write(`HTTP/1.1 ${statusLine}\r\n${lines.join('')}\r\n`);
  }

  #readExactly(length: number): Promise<Uint8Array> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const settle = (give: () => void): void => {
        socket.off('readable', onReadable);
        socket.off('end', onGone);
        socket.off('close', onGone);
        give();
      };
      const onReadable = (): void => {
        const bytes = socket.read(length) as Buffer | null;
        if (bytes === null) return;
        if (bytes.byteLength === length) settle(() => resolve(bytes));
        else onGone();
      };
      const onGone = (): void =>
        settle(() => reject(new EngineError('REQUEST_INVALID', 'the body ended before its Content-Length')));
      socket.on('readable', onReadable);
      socket.once('end', onGone);
      socket.once('close', onGone);
      onReadable();
    });
  }
}

/**
 * Takes a connection away from node's parser in the middle of a request that did not ask for an upgrade. What comes next on
 * it is not HTTP. The listeners are the parser's own; removing them is all that `Upgrade` does in node, too.
 */
export function detachFromHttp(req: IncomingMessage, res: ServerResponse): Duplex {
  const { socket } = req;
  res.detachSocket(socket);
  // "close" stays: that listener gives the parser back.
  for (const event of ['data', 'end', 'drain', 'error', 'timeout', 'resume', 'pause']) {
    socket.removeAllListeners(event);
  }
  socket.setTimeout(0);
  // A listener for "readable" makes node give the file descriptor back from its parser to the stream.
  const nothing = (): void => {};
  socket.on('readable', nothing);
  socket.off('readable', nothing);
  return socket;
}

function titleCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase());
}
