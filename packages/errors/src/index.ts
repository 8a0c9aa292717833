export { BerthError, type BerthErrorOptions } from './berth-error.ts';
export type { ErrorClass, ErrorEntry, ErrorTable } from './classes.ts';
export { fromPlainError, hasCode, isAbort, type PlainError, toPlainError } from './plain.ts';
export { redact } from './redact.ts';
