import { hasCode, isAbort, toPlainError } from '@berth/errors';
import { RegistryError, type RegistryErrorCode } from '../errors.ts';

/** What other rooms' codes are called on the wire. */
const WIRE_CODES: Readonly<Record<string, RegistryErrorCode>> = {
  DIGEST_INVALID: 'DIGEST_INVALID',
  DIGEST_MISMATCH: 'DIGEST_INVALID',
  SIZE_MISMATCH: 'SIZE_INVALID',
  NAME_INVALID: 'NAME_INVALID',
  TAG_INVALID: 'TAG_INVALID',
  MANIFEST_INVALID: 'MANIFEST_INVALID',
  MEDIA_TYPE_UNKNOWN: 'MANIFEST_INVALID',
  PLATFORM_INVALID: 'MANIFEST_INVALID',
  BLOB_TOO_LARGE: 'TOO_LARGE',
  DISK_FULL: 'STORAGE_FULL',
  DB_FULL: 'STORAGE_FULL',
  DB_BUSY: 'UNAVAILABLE',
  DB_CLOSED: 'UNAVAILABLE',
};

/** @returns the error as the client may see it; `UNKNOWN` says nothing of its cause */
export function toRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if (isAbort(error)) {
    return new RegistryError('UNAVAILABLE', 'Cannot answer: the registry is stopping', {
      hint: 'Try again in a moment',
      cause: error,
    });
  }
  const code = hasCode(error) ? WIRE_CODES[error.code] : undefined;
  if (code === undefined) {
    return new RegistryError('UNKNOWN', 'Cannot answer: the registry met a fault of its own', {
      hint: 'Try again; the log of the registry has the reason',
      cause: error,
    });
  }
  if (code === 'STORAGE_FULL') {
    // Paths and free bytes are for the log, not for clients.
    return new RegistryError(code, 'Cannot store what was sent: the disk of the registry is full', {
      hint: 'Nothing of it was kept; ask who runs the registry to free space, then push again',
      cause: error,
    });
  }
  const { message, hint, detail } = toPlainError(error);
  return new RegistryError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(detail === undefined ? {} : { detail }),
    cause: error,
  });
}
