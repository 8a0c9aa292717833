import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program that ends with 0, as a whole ELF file: it needs no libc, so any machine's root can be left out. */
const PROGRAMS: Readonly<Record<string, { readonly machine: number; readonly code: readonly number[] }>> = {
  x64: {
    machine: 62,
    code: [
      ...[0xb8, 60, 0, 0, 0], // mov eax, 60 (exit)
      ...[0x31, 0xff], //        xor edi, edi
      ...[0x0f, 0x05], //        syscall
    ],
  },
  arm64: {
    machine: 183,
    code: [
      ...[0x00, 0x00, 0x80, 0xd2], // movz x0, #0
      ...[0xa8, 0x0b, 0x80, 0xd2], // movz x8, #93 (exit)
      ...[0x01, 0x00, 0x00, 0xd4], // svc #0
    ],
  },
};

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const BASE_ADDRESS = 0x400000n;

/** @returns `undefined`: no program for this architecture @see elf(5) */
export function noOpProgram(architecture: string): Uint8Array | undefined {
  const program = PROGRAMS[architecture];
  if (program === undefined) return undefined;
  const start = HEADER_SIZE + PROGRAM_HEADER_SIZE;
  const bytes = Buffer.alloc(start + program.code.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // magic, 64 bits, little endian, version 1
  bytes.writeUInt16LE(2, 16); // executable
  bytes.writeUInt16LE(program.machine, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BASE_ADDRESS + BigInt(start), 24); // entry
  bytes.writeBigUInt64LE(BigInt(HEADER_SIZE), 32); // program headers
  bytes.writeUInt16LE(HEADER_SIZE, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER_SIZE, 54);
  bytes.writeUInt16LE(1, 56); // one of them
  bytes.writeUInt32LE(1, HEADER_SIZE); // to be loaded
  bytes.writeUInt32LE(5, HEADER_SIZE + 4); // readable, executable
  bytes.writeBigUInt64LE(BASE_ADDRESS, HEADER_SIZE + 16);
  bytes.writeBigUInt64LE(BASE_ADDRESS, HEADER_SIZE + 24);
  bytes.writeBigUInt64LE(BigInt(bytes.length), HEADER_SIZE + 32);
  bytes.writeBigUInt64LE(BigInt(bytes.length), HEADER_SIZE + 40);
  bytes.writeBigUInt64LE(0x10000n, HEADER_SIZE + 48); // the largest page of either architecture
  bytes.set(program.code, start);
  return bytes;
}

/** Writes a bundle whose only file is that program. `spec` gives its `config.json`. */
export function writeNoOpBundle(folder: string, spec: (rootfs: string) => object): boolean {
  const program = noOpProgram(process.arch);
  if (program === undefined) return false;
  const rootfs = join(folder, 'rootfs');
  mkdirSync(rootfs, { recursive: true });
  writeFileSync(join(rootfs, 'true'), program);
  chmodSync(join(rootfs, 'true'), 0o755);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(spec(rootfs)));
  return true;
}
