import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { EngineError } from '../../errors.ts';

/** Where it lies in the container. */
export const INIT_PATH = '/sbin/docker-init';
const PROGRAMS = ['docker-init', 'tini-static', 'catatonit', 'tini'];
const FOLDERS = [
  '/usr/libexec/docker',
  '/usr/libexec/podman',
  '/usr/lib/podman',
  '/usr/local/bin',
  '/usr/bin',
  '/usr/sbin',
];

/**
 * The little process 1 of `--init`, a program of this machine that reaps and passes signals on. Only a static one will do: the
 * image may have no libc, or another one.
 *
 * @throws {EngineError} `PROGRAM_MISSING`
 */
export async function findInitProgram(path = process.env.PATH ?? ''): Promise<string> {
  const folders = [...new Set([...path.split(':').filter((folder) => folder.startsWith('/')), ...FOLDERS])];
  for (const name of PROGRAMS) {
    for (const folder of folders) {
      if (await isStaticProgram(join(folder, name))) return join(folder, name);
    }
  }
  throw new EngineError(
    'PROGRAM_MISSING',
    'Cannot start with --init: this machine has no static init program',
    {
      hint: 'Install one: apt-get install tini (for tini-static), or catatonit',
    },
  );
}

const ELF_MAGIC = 0x7f454c46;
const PT_INTERP = 3;

/** An ELF file of 64 bits that asks for no loader. @see elf(5) */
async function isStaticProgram(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const head = Buffer.alloc(4096);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (bytesRead < 64 || head.readUInt32BE(0) !== ELF_MAGIC || head[4] !== 2) return false;
    const offset = Number(head.readBigUInt64LE(32));
    const size = head.readUInt16LE(54);
    const count = head.readUInt16LE(56);
    for (let at = 0; at < count; at++) {
      const place = offset + at * size;
      if (place + 4 > bytesRead || head.readUInt32LE(place) === PT_INTERP) return false;
    }
    return count > 0;
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes(error.code)) return false;
    throw error;
  }
}
