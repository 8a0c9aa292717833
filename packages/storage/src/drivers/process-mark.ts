import { readFileSync, statSync } from 'node:fs';
import { hasCode } from '@berth/errors';

/**
 * This process, as part of a name: `<pid namespace>-<pid>-<when it began>`. A pid alone may be somebody else's by now. What is marked
 * so and belongs to nobody who lives was left by a kill.
 */
export function processMark(): string {
  return `${pidNamespace()}-${process.pid}-${startTimeOf(process.pid) ?? 0}`;
}

/** Whether the process is there still; `undefined` where nobody can tell: it is of another pid namespace, or that is no mark. */
export function isMarkAlive(text: string): boolean | undefined {
  const [, namespace, pid, startTime] = /^(\d+)-(\d+)-(\d+)(?:-|$)/.exec(text) ?? [];
  if (Number(namespace) !== pidNamespace()) return undefined;
  return startTimeOf(Number(pid)) === startTime;
}

function pidNamespace(): number {
  return statSync('/proc/self/ns/pid').ino;
}

/** In ticks since boot. @see proc(5), /proc/pid/stat, field 22 */
function startTimeOf(pid: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
  // The name, in brackets, may hold anything.
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}
