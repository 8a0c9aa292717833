import { access } from 'node:fs/promises';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { LinuxStateError } from './errors.ts';

/** Environment data is handed to every worker that is made afterwards. */
const WARM = '@berth/linux thread pool is warm';

/** Where this thread is jailed, in words. */
let place: string | undefined;

/**
 * Makes the threads of the pool be born outside of any jail. To be awaited on the main thread before the first
 * worker is made that will jail itself: pool threads inherit root and working folder of the thread that first needs
 * them, and libuv makes all of them then; born in a jail, the main thread's `fs.promises` would see only that.
 */
export async function warmThreadPool(): Promise<void> {
  await access('/');
  setEnvironmentData(WARM, true);
}

/** `undefined` when a visit is over. */
export function setJail(where: string | undefined): void {
  place = where;
}

/** @throws {LinuxStateError} `JAIL_REFUSED` */
export function refuseUnlessReady(what: string): void {
  const refuse = (why: string, hint: string) => {
    throw new LinuxStateError('JAIL_REFUSED', `${what}: ${why}`, { hint });
  };
  if (isMainThread) refuse('this is the main thread', 'A Worker jails itself, and nothing else does');
  if (place !== undefined) refuse(`this thread is in ${place} already`, 'One worker, one jail at a time');
  if (getEnvironmentData(WARM) !== true) {
    refuse(
      'the thread pool may be cold',
      'Await warmThreadPool() on the main thread before making the worker',
    );
  }
}
