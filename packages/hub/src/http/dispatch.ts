import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { hasCode } from '@berth/errors';
import { isRegistryPath, type RegistryHandler, type RequestContext } from '@berth/registry';
import type { BaseUrls } from '../listener/base-url.ts';
import { originOf } from '../listener/proxies.ts';

export interface DispatchOptions {
  readonly baseUrls: BaseUrls;
  readonly isTrustedProxy: (address: string) => boolean;
  readonly registry: RegistryHandler;
  /** Everything that is not the registry's. */
  readonly rest: RequestListener;
  /** For a body of at most 64 KiB, or for the rest of one that was refused. */
  readonly bodyTimeoutMs?: number;
}

const BODY_TIMEOUT_MS = 30_000;

const contexts = new WeakMap<IncomingMessage, RequestContext>();

/** Where a request of the Index or the pages reached us, as the dispatch settled it. */
export function contextOf(req: IncomingMessage): RequestContext {
  return contexts.get(req) ?? { baseUrl: 'http://localhost', remoteAddress: req.socket.remoteAddress ?? '' };
}

/**
 * One origin, two rooms: registry requests go straight to the registry, the rest to the Index and the pages.
 * Below this nobody asks how a request came in.
 */
export function createDispatch({
  baseUrls,
  isTrustedProxy,
  registry,
  rest,
  bodyTimeoutMs = BODY_TIMEOUT_MS,
}: DispatchOptions): RequestListener {
  return (req, res) => {
    const { url = '/', socket } = req;
    const peer = {
      address: socket.remoteAddress ?? '',
      protocol: 'encrypted' in socket ? ('https' as const) : ('http' as const),
    };
    const end = url.indexOf('?');
    const pathname = end < 0 ? url : url.slice(0, end);
    // Probes come under whatever name the prober likes, and learn nothing.
    if (pathname === '/healthz' || pathname === '/readyz') return rest(req, res);
    const origin = originOf(req.headers, { peer, isTrusted: isTrustedProxy });
    let baseUrl: string;
    try {
      baseUrl = baseUrls.of(origin);
    } catch (error) {
      if (hasCode(error) && error.code === 'HOST_UNKNOWN') return refuseHost(res, { error, pathname });
      throw error;
    }
    if (isRegistryPath(pathname)) {
      // The registry watches over the bodies that it reads; of what it refused nobody reads the rest.
      if (hasBody(req)) res.once('finish', () => endWithin(bodyTimeoutMs, req));
      return registry(req, res, { baseUrl, remoteAddress: origin.remoteAddress });
    }
    if (hasBody(req)) endWithin(bodyTimeoutMs, req);
    contexts.set(req, { baseUrl, remoteAddress: origin.remoteAddress });
    rest(req, res);
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Cuts a client off that takes longer to send: byte by byte, many could hold a connection each for ever. */
function endWithin(ms: number, req: IncomingMessage): void {
  if (req.complete) return;
  const timer = setTimeout(() => req.complete || req.socket.destroy(), ms);
  req.once('close', () => clearTimeout(timer));
}

/** @see RFC 9110, 15.5.20 (421 Misdirected Request) */
function refuseHost(res: ServerResponse, { error, pathname }: { error: Error; pathname: string }): void {
  const { message, hint } = error as Error & { hint?: string };
  const body = pathname.startsWith('/v2/')
    ? { errors: [{ code: 'UNSUPPORTED', message: `${message}. ${hint}`, detail: {} }] }
    : { message, hint };
  res.writeHead(421, { 'content-type': 'application/json', connection: 'close' });
  res.end(`${JSON.stringify(body)}\n`);
}
