import { LinuxError } from './errors.ts';
import { libc } from './libc.ts';

const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const EAGAIN = 11;
const EINTR = 4;
/** `struct cmsghdr` on 64 bits: `size_t` length, `int` level, `int` type. */
const CMSG_HEADER_BYTES = 16;
/** SCM_MAX_FD is 253. */
const CONTROL_BYTES = CMSG_HEADER_BYTES + 4 * 253 + 4;

/**
 * The files that came with the next message of a socket, each close-on-exec; none when it had none or the other side
 * has closed. @returns `undefined`: nothing has come yet
 */
export function receiveFds(socket: number, what: () => string): number[] | undefined {
  const data = Buffer.alloc(4096);
  const control = Buffer.alloc(CONTROL_BYTES);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(libc().address(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  // struct msghdr: name, namelen, iov, iovlen, control, controllen, flags; 8 bytes each.
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(libc().address(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(libc().address(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  const length = libc().recvmsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length === -1) {
    const errno = libc().errno();
    if (errno === EAGAIN || errno === EINTR) return undefined;
    throw new LinuxError(what(), { errno, syscall: 'recvmsg' });
  }
  return readRights(control.subarray(0, Number(message.readBigUInt64LE(40))));
}

function readRights(control: Buffer): number[] {
  const fds: number[] = [];
  for (let at = 0; at + CMSG_HEADER_BYTES <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < CMSG_HEADER_BYTES) break;
    const end = Math.min(at + length, control.length);
    if (control.readInt32LE(at + 8) === SOL_SOCKET && control.readInt32LE(at + 12) === SCM_RIGHTS) {
      for (let fd = at + CMSG_HEADER_BYTES; fd + 4 <= end; fd += 4) fds.push(control.readInt32LE(fd));
    }
    at += (length + 7) & ~7;
  }
  return fds;
}
