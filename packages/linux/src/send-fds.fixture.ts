import { closeSync } from 'node:fs';
import koffi from 'koffi';

const library = koffi.load(null);
const socket = library.func('int socket(int, int, int)');
const connect = library.func('int connect(int, void *, unsigned int)');
const sendmsg = library.func('long sendmsg(int, void *, int)');

/** Connects to a UNIX socket as a runtime does. The caller closes it. */
export function connectTo(path: string): number {
  const fd = socket(1, 1 | 0x80000, 0);
  const address = Buffer.alloc(110);
  address.writeUInt16LE(1);
  address.write(path, 2);
  if (connect(fd, address, address.length) !== 0) {
    closeSync(fd);
    throw new Error(`Cannot connect to "${path}": errno ${koffi.errno()}`);
  }
  return fd;
}

/** One message with these files (SCM_RIGHTS). */
export function sendFds(to: number, text: string, fds: readonly number[]): void {
  const data = Buffer.from(text);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(koffi.address(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  const control = Buffer.alloc((16 + 4 * fds.length + 7) & ~7);
  control.writeBigUInt64LE(BigInt(16 + 4 * fds.length), 0);
  control.writeInt32LE(1, 8);
  control.writeInt32LE(1, 12);
  for (const [index, fd] of fds.entries()) control.writeInt32LE(fd, 16 + 4 * index);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(koffi.address(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  if (fds.length > 0) {
    message.writeBigUInt64LE(koffi.address(control), 32);
    message.writeBigUInt64LE(BigInt(control.length), 40);
  }
  if (sendmsg(to, message, 0) === -1) throw new Error(`Cannot send files: errno ${koffi.errno()}`);
}
