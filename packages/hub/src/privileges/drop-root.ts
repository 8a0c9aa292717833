import { readFileSync } from 'node:fs';
import { HubError } from '../errors.ts';
import type { HubUser } from './hub-user.ts';

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * Whether this "root" is an ordinary user outside: a user namespace that maps nobody else. There is no other user
 * to become there, and nothing to give up. @see user_namespaces(7)
 */
export function isLoneMappedUser(): boolean {
  if (process.platform !== 'linux') return false;
  const lines = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  const [inside, outside, count] = (lines[0] ?? '').trim().split(/\s+/);
  return lines.length === 1 && inside === '0' && outside !== '0' && count === '1';
}

/**
 * Gives up root for good, in every thread of the process (libc changes them all at once).
 * Everything that needs root must be open, everything that must be loaded loaded.
 *
 * @throws {HubError} `ROOT_NOT_DROPPED`; the process must not go on then
 */
export function dropRoot({ uid, gid }: HubUser): void {
  try {
    // Groups first, the user last: after it there is no right left to change the others.
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (cause) {
    throw notDropped(`the system refused: ${(cause as Error).message}`, cause);
  }
  const ids = [process.getuid?.(), process.geteuid?.(), process.getgid?.(), process.getegid?.()];
  if (ids.join() !== [uid, uid, gid, gid].join()) throw notDropped(`ids are ${ids.join(', ')}`);
  if (canBecomeRoot()) throw notDropped('root can be taken back');
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

function notDropped(reason: string, cause?: unknown): HubError {
  return new HubError('ROOT_NOT_DROPPED', `Cannot stop being root: ${reason}`, {
    hint: 'Start Berth as an ordinary user, or set BERTH_HUB_USER to one that this machine allows',
    ...(cause === undefined ? {} : { cause }),
  });
}
