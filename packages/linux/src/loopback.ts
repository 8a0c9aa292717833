import { checked, libc } from './libc.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;

/** Brings up `lo` of the network namespace that this thread is in; its addresses come with that. */
export function bringUpLoopback(): void {
  const what = () => 'Cannot bring up the loopback interface';
  const socket = checked(libc().socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), what, 'socket');
  try {
    // struct ifreq: 16 bytes of name, then a union of 24 bytes that begins with the flags.
    const request = Buffer.alloc(40);
    request.write('lo');
    checked(libc().ioctl(socket, SIOCGIFFLAGS, request), what, 'ioctl');
    request.writeInt16LE(request.readInt16LE(16) | IFF_UP, 16);
    checked(libc().ioctl(socket, SIOCSIFFLAGS, request), what, 'ioctl');
  } finally {
    libc().close(socket);
  }
}
