import { hasCode } from '@berth/errors';
import { EngineError } from '../errors.ts';

/** Of this or another room: a disk, a quota or the largest file size is at its end. */
export function isDiskFull(error: unknown): boolean {
  return hasCode(error) && ['DISK_FULL', 'ENOSPC', 'EDQUOT', 'EFBIG'].includes(error.code);
}

/** Clients look for the kernel's words. */
export function diskFull(why: string, cause?: unknown): EngineError {
  return new EngineError('DISK_FULL', `no space left on device: ${why}`, {
    hint: 'Make room: docker image prune, docker container prune',
    ...(cause === undefined ? {} : { cause }),
  });
}
