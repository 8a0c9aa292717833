import { constants, existsSync, lstatSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';

/**
 * What `runc start` does, without a process: init waits in an open for writing of `exec.fifo`, so opening it for
 * reading lets it go. It says "0" and becomes the user's program; the file is removed, because it means "not started".
 * The same since runc 1.0. crun's FIFO goes the other way, and has no `state.json` beside it.
 *
 * @returns whether init was let go; `false`: ask the runtime
 */
export async function startByFifo(stateRoot: string, id: string): Promise<boolean> {
  const path = join(stateRoot, id, 'exec.fifo');
  let fd: number;
  try {
    if (!existsSync(join(stateRoot, id, 'state.json')) || !lstatSync(path).isFIFO()) return false;
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
  const said = await firstByte(fd);
  if (!said) return false;
  rmSync(path, { force: true });
  return true;
}

/** Init may not be at its open yet; a dead one closes nothing, so waiting ends after a while. */
function firstByte(fd: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd, readable: true, writable: false });
    const timer = setTimeout(() => done(false), 1000);
    const done = (said: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(said);
    };
    socket.once('data', () => done(true));
    socket.once('end', () => done(false));
    socket.once('error', () => done(false));
  });
}
