/** Starts fuse-overlayfs from a thread that can make no whiteout of overlayfs, waits until it has mounted, and ends. */
import { spawnSync } from 'node:child_process';
import { parentPort, workerData } from 'node:worker_threads';
import { denyWhiteoutDevices } from '@berth/linux';

export interface FuseCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
}

export interface FuseAnswer {
  /** 0: it is mounted. */
  readonly status: number | null;
  readonly words: string;
}

const TIMEOUT_MS = 30_000;

const port = parentPort;
if (port === null) throw new Error('It must be started as a worker thread');
const { program, args, folder } = workerData as FuseCall;
denyWhiteoutDevices();
// It goes into the background, and ends in front, when the mount is there.
const done = spawnSync(program, args, {
  cwd: folder,
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
  killSignal: 'SIGKILL',
});
const words = done.error?.message ?? (done.stderr.trim() || `exit code ${done.status}`);
port.postMessage({ status: done.status, words } satisfies FuseAnswer);
