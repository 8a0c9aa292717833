import { EngineError } from '../../errors.ts';

/** 400, with Docker's sentence. */
export function refused(message: string, hint?: string): EngineError {
  return new EngineError('CONFIG_REFUSED', message, hint === undefined ? {} : { hint });
}

/** 501: Docker has it, Berth does not. */
export function notImplemented(what: string, hint?: string): EngineError {
  const message = `${what} is not implemented by Berth`;
  return new EngineError('NOT_IMPLEMENTED', message, hint === undefined ? {} : { hint });
}

/** Not set, as Go's zero values and `null` say it. */
export function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === '' || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
