import { constants } from 'node:fs';
import { cannot } from './errors.ts';
import { checked, libc, openFile } from './libc.ts';

const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const TIOCGPTN = 0x80045430;
const TIOCSPTLCK = 0x40045431;

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** A new pseudo terminal. The caller closes `master` (close-on-exec). */
export function openTerminal(): { readonly master: number; readonly slavePath: string } {
  const what = () => cannot('open a terminal with', '/dev/ptmx');
  const master = openFile('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY, what);
  const value = Buffer.alloc(4);
  try {
    checked(libc().ioctl(master, TIOCSPTLCK, value), what, 'ioctl');
    checked(libc().ioctl(master, TIOCGPTN, value), what, 'ioctl');
  } catch (error) {
    libc().close(master);
    throw error;
  }
  return { master, slavePath: `/dev/pts/${value.readInt32LE()}` };
}

/** The program in the terminal gets SIGWINCH when it differs. Sizes beyond 65535 are cut. */
export function setWindowSize(fd: number, size: WindowSize): void {
  const cut = (value: number) => Math.max(0, Math.min(Math.trunc(value), 0xffff));
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(cut(size.rows), 0);
  bytes.writeUInt16LE(cut(size.columns), 2);
  checked(libc().ioctl(fd, TIOCSWINSZ, bytes), () => 'Cannot set the size of the terminal', 'ioctl');
}

/** @throws {LinuxError} `ENOTTY` */
export function getWindowSize(fd: number): WindowSize {
  const bytes = Buffer.alloc(8);
  checked(libc().ioctl(fd, TIOCGWINSZ, bytes), () => 'Cannot read the size of the terminal', 'ioctl');
  return { rows: bytes.readUInt16LE(0), columns: bytes.readUInt16LE(2) };
}
