import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { warmThreadPool } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import type { FuseAnswer, FuseCall } from './fuse.worker.ts';

export const FUSE_PROGRAM = 'fuse-overlayfs';

/** Where the program is; `undefined` when it is not on the path. */
export function findFuseOverlayfs(): string | undefined {
  const folders = `${process.env.PATH ?? ''}${delimiter}/usr/local/bin${delimiter}/usr/bin`.split(delimiter);
  return folders.map((folder) => join(folder, FUSE_PROGRAM)).find(isProgram);
}

export interface FuseMount {
  readonly program: string;
  readonly target: string;
  /** In which the names of layers are looked up: their paths need no room, and no escapes. */
  readonly folder: string;
  /** Nearest first. */
  readonly lowers: readonly string[];
  /** The one that is written to, and a folder beside for what is being made. Without them nothing can be written. */
  readonly upper?: { readonly name: string; readonly work: string };
}

/**
 * Mounts by fuse-overlayfs. When this resolves the mount is there, and its process is nobody's: it lives until the last user of the mount
 * has gone, whoever ends before.
 *
 * What it writes are aufs's own marks. It reads `.wh.` files as a matter of course, and makes them itself where it may not make
 * overlayfs's devices: so it is started by a thread that may not. Writes go through at once (`writeback=0`), so that the folder of a
 * layer holds what its container has written.
 *
 * @throws {StorageError} `MOUNT_FAILED` with its own words
 */
export async function mountFuse(mount: FuseMount): Promise<void> {
  const { lowers, upper } = mount;
  const options = [
    `lowerdir=${lowers.join(':')}`,
    ...(upper === undefined ? [] : [`upperdir=${upper.name}`, `workdir=${upper.work}`]),
    ...['writeback=0', 'dev', 'suid'],
  ];
  const call: FuseCall = {
    program: mount.program,
    args: ['-o', options.join(','), mount.target],
    folder: mount.folder,
  };
  // Its threads are this process's, and must not be started by one that is less free.
  await warmThreadPool();
  const { status, words } = await runInWorker(call);
  if (status === 0) return;
  throw new StorageError('MOUNT_FAILED', `Cannot mount "${mount.target}" by ${FUSE_PROGRAM}: ${words}`, {
    hint: 'Look what dmesg says, and that /dev/fuse is there (modprobe fuse)',
    detail: { program: mount.program },
  });
}

function runInWorker(call: FuseCall): Promise<FuseAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fuse.worker.ts', import.meta.url), {
      name: 'berth-fuse',
      execArgv: [],
      workerData: call,
    });
    let answer: FuseAnswer | undefined;
    worker.on('message', (message: FuseAnswer) => {
      answer = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      if (answer === undefined) reject(new Error(`The thread that starts ${FUSE_PROGRAM} has ended`));
      else resolve(answer);
    });
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
