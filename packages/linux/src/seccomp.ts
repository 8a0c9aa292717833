import { LinuxError } from './errors.ts';
import { libc } from './libc.ts';

const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;

/** Classic BPF over struct seccomp_data: number at 0, architecture at 4, arguments of 8 bytes from 16 on (little-endian). */
const LOAD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;
const argumentAt = (index: number) => 16 + 8 * index;

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = 1;

/** AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64 and their number of mknodat. */
const MACHINE =
  process.arch === 'arm64'
    ? { architecture: 0xc00000b7, mknodat: 33 }
    : { architecture: 0xc000003e, mknodat: 259 };

const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;

/**
 * From here on this thread, and every program that it starts, can make no character device 0:0: the kernel says EPERM. There is no way
 * back, so it is for a worker thread that starts a program and ends. Such a device is a whiteout of overlayfs, and since Linux 5.8
 * anybody may make one, with no right that could be taken away. All other calls are as they were. Needs root.
 *
 * @throws {LinuxError} `EACCES` without CAP_SYS_ADMIN, `EINVAL` where the kernel has no seccomp
 */
export function denyWhiteoutDevices(): void {
  const program: readonly (readonly [code: number, ifTrue: number, ifFalse: number, value: number])[] = [
    [LOAD, 0, 0, ARCHITECTURE_AT],
    [JUMP_IF_EQUAL, 0, 7, MACHINE.architecture],
    [LOAD, 0, 0, NUMBER_AT],
    [JUMP_IF_EQUAL, 0, 5, MACHINE.mknodat],
    [LOAD, 0, 0, argumentAt(2)],
    [AND, 0, 0, S_IFMT],
    [JUMP_IF_EQUAL, 0, 2, S_IFCHR],
    [LOAD, 0, 0, argumentAt(3)],
    [JUMP_IF_EQUAL, 1, 0, 0],
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | EPERM],
  ];
  const instructions = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    instructions.writeUInt16LE(code, index * 8);
    instructions.writeUInt8(ifTrue, index * 8 + 2);
    instructions.writeUInt8(ifFalse, index * 8 + 3);
    instructions.writeUInt32LE(value, index * 8 + 4);
  }
  // struct sock_fprog: how many, and where.
  const filter = Buffer.alloc(16);
  filter.writeUInt16LE(program.length, 0);
  filter.writeBigUInt64LE(BigInt.asUintN(64, libc().address(instructions)), 8);
  const address = Number(libc().address(filter));
  if (libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, 0, 0) === 0) return;
  throw new LinuxError('Cannot forbid this thread to make whiteouts', {
    errno: libc().errno(),
    syscall: 'prctl',
  });
}
