import { closeSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { startTimeOf } from '@berth/linux';
import {
  openPidfd,
  type ProcessStatus,
  readExitInfo,
  signalPidfd,
  waitPid,
  waitPidfd,
} from '@berth/linux/supervision';

/** How a process has ended; `undefined`: nobody saw it. */
export type Ending = ProcessStatus | undefined;

/** Orphans that nobody asked about are looked for that long after a SIGCHLD that was for none of ours. */
const SWEEP_MS = 5000;
const PARENT_PATIENCE_MS = 4000;

/**
 * Sees processes end. Inits and execs become our children when the runtime that made them ends, because we are the
 * subreaper; Node knows nothing of them, so we wait for each by its pid. (Waiting for any would take away the ends of
 * those that Node started.)
 */
export class Reaper implements Disposable {
  readonly #waiting = new Map<number, (ending: Ending) => void>();
  readonly #look = (): void => this.look();
  #sweep: NodeJS.Timeout | undefined;
  #zombies = new Set<number>();

  constructor() {
    process.on('SIGCHLD', this.#look);
  }

  /** Calls back once, at the earliest in the next turn. For a child of ours. */
  watchChild(pid: number, onEnd: (ending: Ending) => void): void {
    this.#waiting.set(pid, onEnd);
    // It may have ended before we knew of it.
    setImmediate(this.#look);
  }

  /**
   * The same for a process whose parent was another monitor. How it ends is seen where the kernel keeps it (Linux 6.15).
   *
   * @param startTime when the process began that is meant: its pid may be somebody else's by now
   */
  watchStranger(pid: number, startTime: string, onEnd: (ending: Ending) => void): void {
    const pidfd = pidfdOf(pid, startTime);
    if (pidfd === undefined) return void setImmediate(onEnd, undefined);
    strangersEnding(pidfd)
      .finally(() => closeSync(pidfd))
      .then(onEnd, () => onEnd(undefined));
  }

  look(): void {
    let isOurs = false;
    for (const [pid, onEnd] of this.#waiting) {
      const ending = endingOf(pid);
      if (ending === 'runs') continue;
      isOurs = true;
      this.#waiting.delete(pid);
      onEnd(ending);
    }
    if (!isOurs) this.#sweep ??= setTimeout(() => this.#takeOrphans(), SWEEP_MS).unref();
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#look);
    clearTimeout(this.#sweep);
  }

  /** Zombies that were seen before are nobody's: Node takes its own at once. */
  #takeOrphans(): void {
    this.#sweep = undefined;
    const zombies = new Set(childrenOfOurs().filter((pid) => startTimeOf(pid) === undefined));
    for (const pid of zombies) if (this.#zombies.has(pid) && !this.#waiting.has(pid)) endingOf(pid);
    const left = [...zombies].filter((pid) => !this.#zombies.has(pid));
    this.#zombies = zombies;
    if (left.length > 0) this.#sweep = setTimeout(() => this.#takeOrphans(), SWEEP_MS).unref();
  }
}

/** Its parent, number 1 of the machine, has to wait for it first; that one may be slow, or never do it. */
async function strangersEnding(pidfd: number): Promise<Ending> {
  await waitPidfd(pidfd);
  const deadline = performance.now() + PARENT_PATIENCE_MS;
  for (let waitMs = 1; performance.now() < deadline; waitMs = Math.min(waitMs * 2, 50)) {
    const info = readExitInfo(pidfd);
    if (info === 'unknown') return undefined;
    if (info !== undefined) return info;
    await sleep(waitMs);
  }
  return undefined;
}

function endingOf(pid: number): Ending | 'runs' {
  try {
    return waitPid(pid) ?? 'runs';
  } catch (error) {
    if (hasCode(error) && error.code === 'ECHILD') return undefined;
    throw error;
  }
}

function pidfdOf(pid: number, startTime: string): number | undefined {
  let pidfd: number;
  try {
    pidfd = openPidfd(pid);
  } catch (error) {
    if (hasCode(error) && error.code === 'ESRCH') return undefined;
    throw error;
  }
  // Asked after opening: now the pid cannot become another's.
  if (startTimeOf(pid) === startTime) return pidfd;
  closeSync(pidfd);
  return undefined;
}

/** Sends a signal to exactly that process. @returns whether it was there */
export function signalExactly(pid: number, startTime: string, signal: number): boolean {
  const pidfd = pidfdOf(pid, startTime);
  if (pidfd === undefined) return false;
  try {
    signalPidfd(pidfd, signal);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ESRCH') return false;
    throw error;
  } finally {
    closeSync(pidfd);
  }
}

/** The kernel may lack the list (CONFIG_PROC_CHILDREN); then orphans stay zombies until we end. */
function childrenOfOurs(): number[] {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}
