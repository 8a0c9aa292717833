/** One request, as the access log has it. */
export interface AccessRecord {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  /** Path and query as they came. */
  readonly path: string;
  /** 499 when the client was gone before an answer. */
  readonly status: number;
  /** Bytes of the body that were received. */
  readonly bytesIn: number;
  /** Bytes of the body that were handed to the connection. */
  readonly bytesOut: number;
  /** Who it was, when that was found out. */
  readonly subject: string | undefined;
  readonly remoteAddress: string;
  readonly userAgent: string | undefined;
  readonly ms: number;
}
