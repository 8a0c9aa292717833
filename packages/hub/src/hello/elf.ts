/**
 * Programs that write one text and end, as whole ELF files: no compiler, no libc, no file beside them.
 * One loadable segment holds header, code and text. @see elf(5); Linux system call numbers: write, exit
 */
export type HelloArchitecture = 'amd64' | 'arm64';

const MACHINE: Readonly<Record<HelloArchitecture, number>> = { amd64: 62, arm64: 183 };
const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const CODE_OFFSET = HEADER_SIZE + PROGRAM_HEADER_SIZE;
const BASE_ADDRESS = 0x400000n;
/** The largest page that a kernel of either architecture may use. */
const ALIGNMENT = 0x10000n;

export function helloProgram(architecture: HelloArchitecture, text: string): Uint8Array {
  const message = Buffer.from(text, 'utf8');
  if (message.length > 0xffff) throw new Error('The text of a hello program ends at 64 KiB');
  const code = architecture === 'amd64' ? amd64(message.length) : arm64(message.length);
  const size = BigInt(CODE_OFFSET + code.length + message.length);
  return Buffer.concat([header(architecture), programHeader(size), code, message]);
}

function header(architecture: HelloArchitecture): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE);
  // Magic, 64 bits, little endian, version 1.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(2, 16); // executable
  bytes.writeUInt16LE(MACHINE[architecture], 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BASE_ADDRESS + BigInt(CODE_OFFSET), 24); // entry
  bytes.writeBigUInt64LE(BigInt(HEADER_SIZE), 32); // program headers
  bytes.writeUInt16LE(HEADER_SIZE, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER_SIZE, 54);
  bytes.writeUInt16LE(1, 56); // one of them
  return bytes;
}

function programHeader(size: bigint): Buffer {
  const bytes = Buffer.alloc(PROGRAM_HEADER_SIZE);
  bytes.writeUInt32LE(1, 0); // to be loaded
  bytes.writeUInt32LE(5, 4); // readable, executable
  bytes.writeBigUInt64LE(BASE_ADDRESS, 16);
  bytes.writeBigUInt64LE(BASE_ADDRESS, 24);
  bytes.writeBigUInt64LE(size, 32);
  bytes.writeBigUInt64LE(size, 40);
  bytes.writeBigUInt64LE(ALIGNMENT, 48);
  return bytes;
}

/** The text follows the code; `lea` counts from the end of its own instruction, at byte 17. */
function amd64(length: number): Buffer {
  const code = Buffer.from([
    ...[0xb8, 1, 0, 0, 0], //          mov eax, 1 (write)
    ...[0xbf, 1, 0, 0, 0], //          mov edi, 1 (standard output)
    ...[0x48, 0x8d, 0x35, 0, 0, 0, 0], // lea rsi, [rip + text]
    ...[0xba, 0, 0, 0, 0], //          mov edx, length
    ...[0x0f, 0x05], //                syscall
    ...[0xb8, 60, 0, 0, 0], //         mov eax, 60 (exit)
    ...[0x31, 0xff], //                xor edi, edi
    ...[0x0f, 0x05], //                syscall
  ]);
  code.writeUInt32LE(code.length - 17, 13);
  code.writeUInt32LE(length, 18);
  return code;
}

function arm64(length: number): Buffer {
  const textDistance = 7 * 4; // from `adr`, the second of eight instructions, to the text
  const instructions = [
    moveToRegister(0, 1), // standard output
    (0x10000000 | ((textDistance >> 2) << 5) | 1) >>> 0, // adr x1, text
    moveToRegister(2, length),
    moveToRegister(8, 64), // write
    SUPERVISOR_CALL,
    moveToRegister(0, 0),
    moveToRegister(8, 93), // exit
    SUPERVISOR_CALL,
  ];
  const code = Buffer.alloc(instructions.length * 4);
  instructions.forEach((instruction, index) => void code.writeUInt32LE(instruction, index * 4));
  return code;
}

const SUPERVISOR_CALL = 0xd4000001;

/** `movz x<register>, #value` */
function moveToRegister(register: number, value: number): number {
  return (0xd2800000 | (value << 5) | register) >>> 0;
}
