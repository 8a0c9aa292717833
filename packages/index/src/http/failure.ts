import { type ErrorClass, hasCode, toPlainError } from '@berth/errors';

/** An error as HTTP sees it; each family of routes has its own body for it. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** Input name → what is wrong with it. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly retryAfterSeconds?: number;
}

const STATUS: Readonly<Record<ErrorClass, number>> = {
  invalidArgument: 400,
  tooLarge: 413,
  outOfRange: 416,
  notFound: 404,
  conflict: 409,
  failedPrecondition: 409,
  unauthenticated: 401,
  denied: 403,
  resourceExhausted: 507,
  unsupported: 415,
  unavailable: 503,
  dataLoss: 500,
  cancelled: 499,
  internal: 500,
};

/** Maps the class of an error to a status, and takes the words for people from it. */
export function failureOf(error: unknown): Failure {
  const fastify = fastifyFailure(error);
  if (fastify !== undefined) return fastify;
  const { code, class: errorClass, message, hint, detail } = toPlainError(error);
  if (STATUS[errorClass] === 500) {
    return {
      status: 500,
      code: 'INTERNAL',
      message: 'The Hub failed at this by a fault of its own',
      hint: 'its log says why',
    };
  }
  const { field, fields, retryAfterSeconds } = (detail ?? {}) as {
    field?: string;
    fields?: Record<string, string>;
    retryAfterSeconds?: number;
  };
  const named = fields ?? (field === undefined ? undefined : { [field]: message });
  return {
    status: retryAfterSeconds === undefined ? STATUS[errorClass] : 429,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(named === undefined ? {} : { fields: named }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

const FASTIFY_FAILURES: Readonly<Record<string, Omit<Failure, 'status'>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'BODY_TOO_LARGE',
    message: 'Cannot read the body: it is larger than 64 KiB',
    hint: 'send less; images go to the registry',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'MEDIA_TYPE_UNSUPPORTED',
    message: 'Cannot read the body: its Content-Type is none that is taken here',
    hint: 'send application/json, or a form where one is meant',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    code: 'INPUT_INVALID',
    message: 'Cannot read the body: it is empty',
    hint: 'send a JSON object',
  },
};

/** Refusals of Fastify itself, before a route was reached. */
function fastifyFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  if (hasCode(error) && typeof error.class === 'string') return undefined;
  const { statusCode: status } = error as { statusCode?: unknown };
  if (typeof status !== 'number' || status >= 500 || status < 400) return undefined;
  const known = hasCode(error) ? FASTIFY_FAILURES[error.code] : undefined;
  if (known !== undefined) return { status, ...known };
  return {
    status,
    code: 'INPUT_INVALID',
    message: `Cannot read the request: ${error.message}`,
    hint: 'send well-formed JSON',
  };
}
