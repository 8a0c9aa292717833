import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopback } from '@berth/transfer';
import { EngineError } from '../errors.ts';
import type { Engine } from '../interface.ts';
import type { CallerRules } from './server/callers.ts';
import type { AccessRecord } from './server/exchange.ts';
import { createHandler, type Handler } from './server/handler.ts';
import { listenOnUnixSocket } from './server/unix-socket.ts';

/** Time for the head of a request; bodies and answers may take for ever (a build, `logs --follow`). */
const HEAD_TIMEOUT_MS = 60_000;
/** As much as Go's server takes; hundreds of names in one query, tokens of any size. */
const MAX_HEADER_BYTES = 1024 * 1024;
/** How long `close` lets answers that are under way finish. */
const CLOSE_MS = 2000;

export interface ServeEngineOptions {
  /** Whoever may write to it is root on this machine. */
  readonly socketPath: string;
  /** Default 0600, with `group` 0660. */
  readonly mode?: number;
  readonly group?: string;
  /** Only loopback: `127.0.0.1:2375`. There is no sign-in; pages in a browser are refused. */
  readonly tcp?: string;
  readonly signal?: AbortSignal;
  readonly onAccess?: (record: AccessRecord) => void;
  readonly onFault: (error: unknown, what: string) => void;
}

export interface EngineServer extends AsyncDisposable {
  /** As `DOCKER_HOST` wants it. */
  readonly address: string;
  readonly tcpAddress: string | undefined;
}

/**
 * Serves the Docker Engine API of an engine. The engine stays the caller's; disposing ends the server and what is under way
 * in it, and nothing of what runs.
 *
 * @throws {EngineError} `SOCKET_TAKEN`, `SOCKET_UNUSABLE`
 */
export async function serveEngine(engine: Engine, options: ServeEngineOptions): Promise<EngineServer> {
  const { socketPath, mode, group, tcp, onAccess, onFault } = options;
  options.signal?.throwIfAborted();
  const tcpTarget = tcp === undefined ? undefined : parseLoopback(tcp);
  const ended = new AbortController();
  const signal =
    options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal]);
  const { Version } = await engine.system.version();
  const handler = createHandler({
    ...{ engine, signal, onFault, serverName: `Berth/${String(Version)} (linux)` },
    ...(onAccess === undefined ? {} : { onAccess }),
  });
  await using stack = new AsyncDisposableStack();

  const local = new HttpServer(handler, 'local');
  stack.defer(() => local.close());
  const removeFile = await listenOnUnixSocket(local.server, {
    path: socketPath,
    ...(mode === undefined ? {} : { mode }),
    ...(group === undefined ? {} : { group }),
  });
  stack.defer(removeFile);

  let tcpAddress: string | undefined;
  if (tcpTarget !== undefined) {
    const open = new HttpServer(handler, 'loopback');
    stack.defer(() => open.close());
    tcpAddress = await listenOnPort(open.server, tcpTarget);
  }
  // First of all: streams end, so that the servers can.
  stack.defer(() => ended.abort());
  const owned = stack.move();
  let closing: Promise<void> | undefined;
  // Whoever disposes later waits for the same end.
  const close = (): Promise<void> => {
    closing ??= owned.disposeAsync();
    return closing;
  };
  const onAbort = (): void => void close();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  owned.defer(() => options.signal?.removeEventListener('abort', onAbort));
  return { address: `unix://${socketPath}`, tcpAddress, [Symbol.asyncDispose]: close };
}

/** A `node:http` server and the connections that it has let go of. */
class HttpServer {
  readonly server: Server;
  readonly #taken = new Set<Duplex>();

  constructor(handler: Handler, callers: CallerRules) {
    const listener: RequestListener = (req, res) => handler.request(req, res, callers);
    this.server = createServer(
      {
        // `h2c` of clients that look for BuildKit and `websocket` are answered as requests.
        shouldUpgradeCallback: (req) => handler.wantsUpgrade(req),
        requestTimeout: 0,
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEAD_TIMEOUT_MS,
        keepAliveTimeout: HEAD_TIMEOUT_MS,
        keepAlive: true,
        noDelay: true,
      },
      listener,
    );
    this.server.timeout = 0;
    this.server.on('connection', (socket: Duplex) => {
      this.#taken.add(socket);
      socket.once('close', () => this.#taken.delete(socket));
    });
    this.server.on('upgrade', (req, socket, head) => handler.upgrade(req, socket, { head, callers }));
    this.server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
      const status =
        error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const socket of this.#taken) socket.destroy();
    }, CLOSE_MS);
    await closed;
    clearTimeout(timer);
    for (const socket of this.#taken) socket.destroy();
  }
}

function parseLoopback(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || !isLoopback(text)) {
    throw new EngineError('SOCKET_UNUSABLE', `Cannot listen on "${text}": expected a port on loopback`, {
      hint: 'There is no sign-in, so use 127.0.0.1:2375, or ssh -L for other machines',
    });
  }
  return { host, port: Number(match?.[3]) };
}

function listenOnPort(
  server: Server,
  target: { readonly host: string; readonly port: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      const message = `Cannot listen on "${target.host}:${target.port}": ${error.message}`;
      reject(new EngineError('SOCKET_TAKEN', message, { cause: error }));
    };
    server.once('error', onError);
    server.listen(target.port, target.host, () => {
      server.off('error', onError);
      const { address, family, port } = server.address() as AddressInfo;
      resolve(family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`);
    });
  });
}
