import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { HubError } from '../errors.ts';
import type { Pem } from '../tls/authority.ts';
import { formatAddress, type ListenAddress } from './address.ts';
import { findPortHolder } from './port-holder.ts';

/** Running requests may end for this long when the Hub stops. */
const GRACE_MS = 10_000;
const IDLE_LOOK_MS = 20;

export interface Listener extends AsyncDisposable {
  readonly address: ListenAddress;
  setCertificate(pair: Pem): void;
}

export interface ListenOptions {
  readonly address: ListenAddress;
  readonly tls?: Pem | undefined;
  readonly onRequest: RequestListener;
  /** Runs between the moment the port is ours and the first request; what it throws closes the port again. */
  readonly beforeFirstRequest?: (() => void) | undefined;
}

/**
 * Listens until disposed of; disposing lets running requests end for a while, then cuts them.
 *
 * @throws {HubError} `PORT_TAKEN`, `ADDRESS_UNAVAILABLE`
 */
export async function listen({
  address,
  tls,
  onRequest,
  beforeFirstRequest,
}: ListenOptions): Promise<Listener> {
  const server =
    tls === undefined
      ? createHttpServer(LIMITS, onRequest)
      : createHttpsServer({ ...LIMITS, ...tls, minVersion: 'TLSv1.2' }, onRequest);
  await bind(server, { address, beforeFirstRequest });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    address: { host: address.host, port },
    setCertificate: (pair) => (server as TlsServer).setSecureContext(pair),
    [Symbol.asyncDispose]: () => (closing ??= close(server)),
  };
}

const LIMITS = {
  // An upload may take hours; its handler watches that bytes keep coming.
  requestTimeout: 0,
  headersTimeout: 30_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 32 * 1024,
} as const;

async function bind(
  server: Server,
  options: Pick<ListenOptions, 'address' | 'beforeFirstRequest'>,
): Promise<void> {
  const { address, beforeFirstRequest } = options;
  let failure: unknown;
  server.once('listening', () => {
    // Runs before the event loop can accept a connection.
    try {
      beforeFirstRequest?.();
    } catch (error) {
      failure = error;
    }
  });
  server.listen({ host: address.host, port: address.port, ipv6Only: false });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw await bindError(error, address);
  }
  if (failure === undefined) return;
  server.close();
  throw failure;
}

/** Says early, before anything is made, that an address cannot be had. @throws {HubError} as {@link listen} */
export async function probeAddress(address: ListenAddress): Promise<void> {
  if (address.port === 0) return;
  await using _ = await listen({ address, onRequest: (_req, res) => res.destroy() });
}

async function bindError(error: unknown, address: ListenAddress): Promise<unknown> {
  if (!hasCode(error)) return error;
  const shown = formatAddress(address);
  if (error.code === 'EADDRINUSE') {
    const holder = await findPortHolder(address.port);
    const who = holder === undefined ? 'another process' : `process ${holder.pid} (${holder.name})`;
    return new HubError('PORT_TAKEN', `Cannot listen on "${shown}": ${who} listens there`, {
      hint: `Stop it, or set BERTH_HUB_ADDR to another port, for instance ${formatAddress({ ...address, port: address.port + 1 })}`,
      detail: { address: shown, ...holder },
    });
  }
  const reason = BIND_REASONS[error.code];
  if (reason === undefined) return error;
  return new HubError('ADDRESS_UNAVAILABLE', `Cannot listen on "${shown}": ${reason}`, {
    hint: 'Set BERTH_HUB_ADDR to an address of this machine and a port above 1023',
    cause: error,
  });
}

const BIND_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not listen on that port',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the name has no address',
  EAI_AGAIN: 'the name cannot be looked up now',
};

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  // A connection whose request has ended is idle again, and would stay for the next one.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS);
  const patience = new AbortController();
  await Promise.race([
    closed,
    sleep(GRACE_MS, undefined, { signal: patience.signal }).catch(() => undefined),
  ]);
  patience.abort();
  clearInterval(idle);
  server.closeAllConnections();
  await closed;
}
