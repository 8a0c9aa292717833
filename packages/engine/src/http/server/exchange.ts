import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { API_VERSION_MAX, type ApiVersion, formatApiVersion } from '../../api/version.ts';
import { Query } from '../wire/query.ts';

/** What the access log says of one request. */
export interface AccessRecord {
  readonly at: Date;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** 499: the client was gone before there was an answer. */
  readonly status: number;
  readonly bytesOut: number;
  readonly userAgent: string | undefined;
  readonly ms: number;
}

/** One request and its answer. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  /** Without version and query. */
  readonly path: string;
  readonly query: Query;
  readonly version: ApiVersion;
  readonly params: Readonly<Record<string, string>>;
  /** Aborted when the client is gone before the answer was whole, and when the server ends. */
  readonly signal: AbortSignal;
  readonly #startedAt = performance.now();
  readonly #commonHeaders: OutgoingHttpHeaders;
  bytesOut = 0;
  /** Set where the connection was taken over and `res` says nothing. */
  takeoverStatus: number | undefined;

  constructor(options: {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    readonly path: string;
    readonly search: string;
    readonly version: ApiVersion;
    readonly params: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly serverName: string;
  }) {
    const { req, res, path, search, version, params, signal, serverName } = options;
    this.req = req;
    this.res = res;
    this.method = req.method ?? 'GET';
    this.path = path;
    this.query = new Query(search);
    this.version = version;
    this.params = params;
    this.signal = signal;
    this.#commonHeaders = commonHeaders(serverName);
  }

  /** The name in the path: a container, an image, a volume. */
  get name(): string {
    return this.params.name ?? '';
  }

  get hasBegun(): boolean {
    return this.res.headersSent || this.takeoverStatus !== undefined;
  }

  get commonHeaders(): OutgoingHttpHeaders {
    return this.#commonHeaders;
  }

  /** Writes status and headers; the body follows. */
  begin(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.res.writeHead(status, { ...this.#commonHeaders, ...headers });
  }

  /** Status and headers, on their way now although the body comes later. */
  beginNow(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.begin(status, headers);
    this.res.flushHeaders();
  }

  sendEmpty(status: number, headers: OutgoingHttpHeaders = {}): void {
    // 204 and 304 have no length (RFC 9110, 8.6).
    this.begin(status, status === 204 || status === 304 ? headers : { 'Content-Length': 0, ...headers });
    this.res.end();
  }

  sendText(status: number, text: string, headers: OutgoingHttpHeaders = {}): void {
    const type = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) };
    this.#send(status, { ...type, ...headers }, text);
  }

  /** Ends with a newline, as Go's encoder does. */
  sendJson(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): void {
    const text = `${JSON.stringify(value)}\n`;
    const type = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    this.#send(status, { ...type, ...headers }, text);
  }

  #send(status: number, headers: OutgoingHttpHeaders, text: string): void {
    this.begin(status, headers);
    if (this.method === 'HEAD') {
      this.res.end();
      return;
    }
    this.bytesOut += Buffer.byteLength(text);
    this.res.end(text);
  }

  record(): AccessRecord {
    const { req, res } = this;
    return {
      at: new Date(),
      method: this.method,
      path: req.url ?? '/',
      status: this.takeoverStatus ?? (res.headersSent ? res.statusCode : 499),
      bytesOut: this.bytesOut,
      userAgent: req.headers['user-agent'],
      ms: performance.now() - this.#startedAt,
    };
  }
}

/** On every answer, errors included: clients learn the version from it. */
export function commonHeaders(serverName: string): OutgoingHttpHeaders {
  return {
    'Api-Version': formatApiVersion(API_VERSION_MAX),
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: serverName,
  };
}
