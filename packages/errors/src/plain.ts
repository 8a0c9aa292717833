import type { ErrorClass } from './classes.ts';

/** An error as it crosses a thread, a socket or a log: structured clone loses class, name and code of errors. */
export interface PlainError {
  readonly code: string;
  readonly class: ErrorClass;
  readonly message: string;
  readonly hint?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** @returns the plain shape; an error of unknown origin becomes `{ code: 'INTERNAL', class: 'internal' }` */
export function toPlainError(error: unknown): PlainError {
  if (hasCode(error) && typeof error.class === 'string') {
    const { hint, detail } = error as { hint?: string; detail?: Record<string, unknown> };
    return {
      code: error.code,
      class: error.class as ErrorClass,
      message: error.message,
      ...(hint === undefined ? {} : { hint }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
  if (isAbort(error)) return { code: 'CANCELLED', class: 'cancelled', message: 'The call was cancelled' };
  return {
    code: 'INTERNAL',
    class: 'internal',
    message: error instanceof Error ? error.message : String(error),
  };
}

/** Makes an `Error` again of what crossed over; `code`, `class`, `hint` and `detail` are on it. */
export function fromPlainError(plain: PlainError): Error & PlainError {
  const { message, ...rest } = plain;
  return Object.assign(new Error(message), rest) as Error & PlainError;
}

/** Narrows an unknown error to one that carries `code`; Node's own (`ENOENT`) included. */
export function hasCode(
  error: unknown,
): error is Error & { readonly code: string; readonly class?: unknown } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string';
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
