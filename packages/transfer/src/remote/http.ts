import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { secureContextFor, type TlsOptions } from './certificates.ts';
import { isLoopback } from './host.ts';

export type RequestBody = Uint8Array | string | AsyncIterable<Uint8Array>;

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly url: URL;
  /** The first value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  /** All values of a header. */
  headers(name: string): readonly string[];
  /** Chunks as they arrive. Must be read to its end, left by `break`, or dropped by `discard`. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection free for the next request; reads a short rest, closes over a long one. */
  discard(): Promise<void>;
}

/** Sends one request as it is: no sign-in, no redirect, no second try. */
export type SendHttp = (request: HttpRequest) => Promise<HttpResponse>;

export interface HttpClient extends AsyncDisposable {
  readonly send: SendHttp;
}

const CONNECT_TIMEOUT_MS = 15_000;
/** A registry may hash gigabytes again before it answers a PUT. */
const WRITE_TIMEOUT_MS = 300_000;
const BODY_IDLE_TIMEOUT_MS = 60_000;
const DISCARD_LIMIT_BYTES = 128 * 1024;

export interface HttpClientOptions {
  readonly tls?: TlsOptions | undefined;
  readonly userAgent: string;
  readonly connections?: number;
  /** How long a GET or HEAD waits for its answer to begin. */
  readonly readTimeoutMs: number;
}

/** One pool of connections per host, closed with the client. Proxies of the environment are honoured. */
export async function openHttpClient(registry: string, options: HttpClientOptions): Promise<HttpClient> {
  const secureContext = await secureContextFor(registry, options.tls);
  const settings = {
    allowH2: false,
    connections: options.connections ?? 16,
    headersTimeout: WRITE_TIMEOUT_MS,
    bodyTimeout: BODY_IDLE_TIMEOUT_MS,
    keepAliveTimeout: 4_000,
    connect: { timeout: CONNECT_TIMEOUT_MS, secureContext },
  };
  const dispatcher: Dispatcher =
    hasProxy() && !isLoopback(registry)
      ? new EnvHttpProxyAgent({ ...settings, requestTls: { secureContext } })
      : new Agent(settings);
  let closed: Promise<void> | undefined;
  return {
    send: (request) => send(dispatcher, request, options),
    [Symbol.asyncDispose]: () => {
      closed ??= dispatcher.destroy();
      return closed;
    },
  };
}

function hasProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => process.env[name]);
}

async function send(
  dispatcher: Dispatcher,
  request: HttpRequest,
  { userAgent, readTimeoutMs }: HttpClientOptions,
): Promise<HttpResponse> {
  const { url, method, body, signal } = request;
  const isRead = method === 'GET' || method === 'HEAD';
  const response = await dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { 'user-agent': userAgent, ...request.headers },
    // undici takes any async iterable and writes it with back-pressure; its types only name Node's own stream.
    ...(body === undefined ? {} : { body: body as Uint8Array }),
    ...(isRead ? { headersTimeout: readTimeoutMs } : {}),
    ...(signal === undefined ? {} : { signal }),
  });
  const headers = (name: string): readonly string[] => {
    const value = response.headers[name];
    if (value === undefined) return [];
    return typeof value === 'string' ? [value] : value;
  };
  // An error that comes after the body was left alone belongs to nobody.
  response.body.on('error', () => {});
  return {
    status: response.statusCode,
    url,
    headers,
    header: (name) => headers(name)[0],
    body: response.body,
    discard: async () => {
      await response.body.dump({ limit: DISCARD_LIMIT_BYTES }).catch(() => undefined);
    },
  };
}
