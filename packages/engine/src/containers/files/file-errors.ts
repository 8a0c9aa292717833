import { hasCode } from '@berth/errors';
import { EngineError } from '../../errors.ts';

/** What a file system says of a container's file, as an error of the engine: only those cross to another thread whole. */
export function asEngineError(error: unknown): unknown {
  if (!hasCode(error) || error instanceof EngineError) return error;
  const { message } = error;
  switch (error.code) {
    case 'EROFS':
      return new EngineError('PATH_READONLY', message);
    case 'ENOSPC':
    case 'EDQUOT':
      return new EngineError('DISK_FULL', message);
    case 'EPERM':
    case 'EACCES':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOENT':
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'ENOTEMPTY':
    case 'EBUSY':
    case 'EMLINK':
    case 'EXDEV':
    case 'ETXTBSY':
      return new EngineError('PATH_REFUSED', message);
    case 'TAR_INVALID':
      return new EngineError('PATH_REFUSED', message);
    default:
      return error;
  }
}
