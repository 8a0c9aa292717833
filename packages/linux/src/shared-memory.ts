import { fstatSync } from 'node:fs';
import { LinuxError } from './errors.ts';
import { libc } from './libc.ts';

const EINVAL = 22;

/**
 * The bytes of a file as memory: what is written there is in the file at once, also when this process is killed in the same moment
 * (tmpfs: for as long as the machine runs). For the life of the process.
 *
 * The file must be at least that long, with its blocks allocated (write zeros), and nobody may shorten it: touching a page
 * that is not there ends the process (SIGBUS).
 */
export function mapSharedFile(fd: number, sizeBytes: number): Uint8Array {
  const what = () => `Cannot map ${sizeBytes} bytes of a file`;
  if (!(sizeBytes > 0) || fstatSync(fd).size < sizeBytes)
    throw new LinuxError(what(), { errno: EINVAL, syscall: 'none', reason: 'it is shorter' });
  return libc().mapShared(fd, sizeBytes, what);
}
