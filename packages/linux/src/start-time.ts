import { readFileSync } from 'node:fs';
import { hasCode } from '@berth/errors';

/**
 * When the process began, in ticks since boot; field 22 of `/proc/<pid>/stat`.
 *
 * @returns `undefined`: it is gone, or a zombie
 */
export function startTimeOf(pid: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
  // The name, in brackets, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : fields[19];
}
