import { type ErrorClass, hasCode, isAbort } from '@berth/errors';

/** Docker's statuses. A full disk is 507: 500 would say that the fault is ours. */
const STATUS: Readonly<Record<ErrorClass, number>> = {
  invalidArgument: 400,
  tooLarge: 413,
  outOfRange: 400,
  notFound: 404,
  conflict: 409,
  failedPrecondition: 409,
  unauthenticated: 401,
  denied: 403,
  resourceExhausted: 507,
  unsupported: 501,
  unavailable: 503,
  dataLoss: 500,
  cancelled: 503,
  internal: 500,
};

export interface Failure {
  readonly status: number;
  readonly message: string;
  /** Nobody threw it on purpose, or it is about stored bytes: the operator must hear of it. */
  readonly isFault: boolean;
}

/** The one place where a class of meaning becomes an HTTP status and a sentence. */
export function toFailure(error: unknown): Failure {
  const meaning = classOf(error);
  if (meaning !== undefined) {
    const { message } = error as Error;
    return { status: STATUS[meaning], message: withHint(error as Error, message), isFault: isFault(error) };
  }
  // The client is gone and reads nothing, or the engine stops.
  if (isAbort(error))
    return { status: 503, message: 'The call was cancelled: the engine stops', isFault: false };
  return {
    status: 500,
    message: error instanceof Error ? error.message : String(error),
    isFault: true,
  };
}

function classOf(error: unknown): ErrorClass | undefined {
  if (!hasCode(error) || typeof error.class !== 'string') return undefined;
  return error.class in STATUS ? (error.class as ErrorClass) : undefined;
}

/** A start that fails is 500 in Docker whatever the reason; a port that is taken is no fault all the same. */
function isFault(error: unknown): boolean {
  const meaning = classOf(error);
  if (meaning === 'dataLoss' || meaning === 'resourceExhausted') return true;
  if (meaning !== undefined && meaning !== 'internal') return false;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined || isFault(cause);
}

/**
 * Docker's shape has one sentence, so what to do next goes behind it; not where the sentence is one of Docker's own, which
 * clients and people know word for word.
 */
function withHint(error: Error, message: string): string {
  const { name, code, hint } = error as Error & { readonly code?: unknown; readonly hint?: unknown };
  if (typeof hint !== 'string' || hint === '') return message;
  return name === 'EngineError' && code !== 'NOT_IMPLEMENTED' ? message : `${message}: ${hint}`;
}
