import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import type { RetryNotice } from '../interface.ts';

export interface RetryPolicy {
  /** Tries without any progress before giving up. */
  readonly attempts: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** A registry that asks for a longer wait than this is given up at once. */
  readonly maxRetryAfterMs: number;
  /** How long a GET or HEAD waits for its answer to begin. */
  readonly readTimeoutMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 6,
  baseDelayMs: 250,
  maxDelayMs: 10_000,
  maxRetryAfterMs: 120_000,
  readTimeoutMs: 30_000,
};

/** What went wrong, when it may go right the next time. */
export interface Retryable {
  readonly reason: string;
  readonly retryAfterMs?: number;
  /** Nothing was heard for the whole of a time limit: a second try is worth the wait, a sixth is not. */
  readonly isSilence?: boolean;
}

/** How often silence is waited for, of a policy's tries. */
const SILENT_TRIES = 2;

const CUT_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
]);

/** The network failed, not the request. Node gives several addresses' failures as one `AggregateError`. */
export function isCut(error: unknown): error is Error {
  if (error instanceof AggregateError) return error.errors.some(isCut);
  return hasCode(error) && CUT_CODES.has(error.code);
}

/** It was no answer within a time limit, and not a refusal. */
export function isSilence(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isSilence);
  return (
    hasCode(error) && ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'].includes(error.code)
  );
}

/** Seconds or a date. @see RFC 9110, 10.2.3 */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Counts tries and waits between them: exponential, with jitter, never longer than the policy says.
 * `progress()` starts the count again, so that a long transfer over a bad line goes on as long as it moves.
 */
export class Backoff {
  readonly #policy: RetryPolicy;
  readonly #onRetry: ((notice: RetryNotice) => void) | undefined;
  #failures = 0;

  constructor(policy: RetryPolicy, onRetry?: (notice: RetryNotice) => void) {
    this.#policy = policy;
    this.#onRetry = onRetry;
  }

  progress(): void {
    this.#failures = 0;
  }

  /** @returns false when it is no use to try again; otherwise waits and gives true */
  async next(
    failure: Retryable,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const { attempts, baseDelayMs, maxDelayMs, maxRetryAfterMs } = this.#policy;
    this.#failures += failure.isSilence === true ? Math.ceil(attempts / SILENT_TRIES) : 1;
    if (this.#failures >= attempts) return false;
    if (failure.retryAfterMs !== undefined && failure.retryAfterMs > maxRetryAfterMs) return false;
    const exponential = Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#failures - 1));
    const waitMs = Math.round(failure.retryAfterMs ?? exponential * (0.5 + Math.random() / 2));
    this.#onRetry?.({ attempt: this.#failures, reason: failure.reason, waitMs });
    await sleep(waitMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    return true;
  }
}
