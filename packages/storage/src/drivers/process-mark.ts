import { statSync } from 'node:fs';
import { startTimeOf } from '@berth/linux';

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
