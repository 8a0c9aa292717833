import { closeSync, constants, openSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { makeNode } from '@berth/linux/supervision';
import type { Stdio } from '@berth/runtime';
import type { ProcessPaths } from '../paths.ts';
import type { KeptDescriptor } from '../protocol/messages.ts';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

export interface OpenedStdio extends Disposable {
  /** Ours. */
  readonly descriptors: readonly KeptDescriptor[];
  /** The process's; closed here when disposed, which is to be done when it has them. */
  readonly stdio: Stdio;
}

/**
 * Makes the FIFOs that are a process's stdio, and opens both ends.
 *
 * The process has its output open for reading too, so that it goes on when nobody else reads; and everything stays in the
 * FIFO until somebody does. Its input it has for reading only, because otherwise it would never see an end.
 */
export function makeStdio(paths: ProcessPaths, options: { readonly openStdin: boolean }): OpenedStdio {
  const descriptors: KeptDescriptor[] = [];
  const theirs: number[] = [];
  const output = (role: 'stdout' | 'stderr'): number => {
    makeNode(paths[role], { type: 'fifo', mode: 0o600 });
    descriptors.push({ role, fd: openSync(paths[role], O_RDONLY | O_NONBLOCK) });
    // Opened by itself: being non-blocking is a property of what was opened, and a program does not expect it.
    const fd = openSync(paths[role], O_RDWR);
    theirs.push(fd);
    return fd;
  };
  const input = (): number => {
    makeNode(paths.stdin, { type: 'fifo', mode: 0o600 });
    // Open for both, an end does not wait for the other; then each gets its own.
    const both = openSync(paths.stdin, O_RDWR | O_NONBLOCK);
    const fd = openSync(paths.stdin, O_RDONLY);
    theirs.push(fd);
    descriptors.push({ role: 'stdin', fd: openSync(paths.stdin, O_WRONLY | O_NONBLOCK) });
    closeSync(both);
    return fd;
  };
  try {
    const stdio: Stdio = {
      stdin: options.openStdin ? input() : 'null',
      stdout: output('stdout'),
      stderr: output('stderr'),
    };
    return {
      descriptors,
      stdio,
      [Symbol.dispose]: () => {
        for (const fd of theirs.splice(0)) closeSync(fd);
      },
    };
  } catch (error) {
    for (const fd of [...theirs, ...descriptors.map((one) => one.fd)]) closeSync(fd);
    throw error;
  }
}

/** Our ends again, of a process that another monitor started. An input whose reader is gone has no end of ours. */
export function reopenStdio(paths: ProcessPaths, options: { readonly hasInput: boolean }): KeptDescriptor[] {
  const descriptors: KeptDescriptor[] = [];
  for (const role of ['stdout', 'stderr'] as const) {
    const fd = openIfThere(paths[role], O_RDONLY | O_NONBLOCK);
    if (fd !== undefined) descriptors.push({ role, fd });
  }
  const stdin = options.hasInput ? openIfThere(paths.stdin, O_WRONLY | O_NONBLOCK) : undefined;
  if (stdin !== undefined) descriptors.push({ role: 'stdin', fd: stdin });
  return descriptors;
}

function openIfThere(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    // ENXIO: nobody has a FIFO open for reading.
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENXIO')) return undefined;
    throw error;
  }
}
