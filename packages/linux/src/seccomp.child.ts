/** Tries to make devices in `workerData`, from a thread that may make no whiteouts, and by a program that it starts. */
import { spawnSync } from 'node:child_process';
import { parentPort, workerData } from 'node:worker_threads';
import { hasCode } from '@berth/errors';
import { makeNode } from './files.ts';
import { denyWhiteoutDevices } from './seccomp.ts';

function attempt(name: string, minor: number): string {
  try {
    makeNode(`${workerData}/${name}`, { type: 'char', mode: 0, major: 0, minor });
    return 'made';
  } catch (error) {
    return hasCode(error) ? error.code : String(error);
  }
}

denyWhiteoutDevices();
const program = spawnSync('mknod', [`${workerData}/by-a-program`, 'c', '0', '0'], { encoding: 'utf8' });
parentPort?.postMessage({
  whiteout: attempt('whiteout', 0),
  other: attempt('other', 1),
  program: program.stderr,
});
