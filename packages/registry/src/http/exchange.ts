import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { AccessRecord } from '../access-record.ts';
import type { RequestContext } from '../registry.ts';
import type { KnownAnswer } from './known-answers.ts';

export const COMMON_HEADERS = {
  'docker-distribution-api-version': 'registry/2.0',
  'x-content-type-options': 'nosniff',
} as const;
/** What nginx writes when the client was gone first. */
const STATUS_CLIENT_GONE = 499;

/** One request and its answer, and what the access log will say of them. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly context: RequestContext;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly #search: string;
  readonly #startedAt = performance.now();
  #query: URLSearchParams | undefined;
  bytesIn = 0;
  bytesOut = 0;
  subject: string | undefined;
  /** Until when the authorizer's yes to this request holds. */
  validUntilMs: number | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, context: RequestContext) {
    this.req = req;
    this.res = res;
    this.context = context;
    this.method = req.method ?? 'GET';
    const url = req.url ?? '/';
    const question = url.indexOf('?');
    this.path = question === -1 ? url : url.slice(0, question);
    this.#search = question === -1 ? '' : url.slice(question + 1);
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  /** `Content-Length` of the request; `undefined` where there is none. */
  get announcedLength(): number | undefined {
    const text = this.req.headers['content-length'];
    return text === undefined ? undefined : Number(text);
  }

  get hasBody(): boolean {
    return this.req.headers['transfer-encoding'] !== undefined || (this.announcedLength ?? 0) > 0;
  }

  /** Writes status and headers; the body follows. */
  begin(status: number, headers: OutgoingHttpHeaders): void {
    this.res.writeHead(status, { ...COMMON_HEADERS, ...headers });
  }

  /** The whole answer. With HEAD the body is only counted in `Content-Length`. */
  send(
    status: number,
    headers: OutgoingHttpHeaders,
    body?: Uint8Array | string,
    encoding: 'utf8' | 'latin1' = 'utf8',
  ): void {
    if (body === undefined) {
      // 204 and 304 have no length (RFC 9110, 8.6).
      this.begin(status, status === 204 || status === 304 ? headers : { 'content-length': 0, ...headers });
      this.res.end();
      return;
    }
    const length = typeof body === 'string' ? Buffer.byteLength(body, encoding) : body.byteLength;
    this.begin(status, { 'content-length': length, ...headers });
    if (this.method === 'HEAD') {
      this.res.end();
      return;
    }
    this.bytesOut += length;
    if (typeof body === 'string') this.res.end(body, encoding);
    else this.res.end(body);
  }

  /** An answer of before, for the same request. */
  repeat({ headers, body, subject }: KnownAnswer): void {
    this.subject = subject;
    this.bytesOut = body.length;
    this.res.writeHead(200, headers);
    this.res.end(body, 'latin1');
  }

  sendJson(status: number, headers: OutgoingHttpHeaders, value: unknown): void {
    this.send(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
  }

  record(): AccessRecord {
    const { req, res, context, subject } = this;
    return {
      atMs: Date.now(),
      method: this.method,
      path: req.url ?? '/',
      status: res.headersSent ? res.statusCode : STATUS_CLIENT_GONE,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      subject,
      remoteAddress: context.remoteAddress,
      userAgent: req.headers['user-agent'],
      ms: performance.now() - this.#startedAt,
    };
  }
}
