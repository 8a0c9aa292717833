import type { ErrorClass } from '@berth/errors';
import type { RegistryErrorCode } from '../errors.ts';

/**
 * 507 for a full disk, not 503: clients try again at once on 503 and would send the layer over and over; 507
 * reaches the person who pushes, with its reason.
 */
const STATUS: Readonly<Record<ErrorClass, number>> = {
  invalidArgument: 400,
  tooLarge: 413,
  outOfRange: 416,
  notFound: 404,
  conflict: 409,
  failedPrecondition: 412,
  unauthenticated: 401,
  denied: 403,
  resourceExhausted: 507,
  unsupported: 405,
  unavailable: 503,
  dataLoss: 500,
  cancelled: 408,
  internal: 500,
};

/** The one place where a class of meaning becomes an HTTP status. */
export function httpStatus(error: { readonly class: ErrorClass; readonly code: RegistryErrorCode }): number {
  // Disk full and too many requests share a class; only one of them is about the caller.
  return error.code === 'TOOMANYREQUESTS' ? 429 : STATUS[error.class];
}
