import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { openInRoot } from '@berth/linux';
import { RuntimeError } from '../errors.ts';

/** No real file of accounts comes near; a hostile one must not fill our memory (CVE-2026-47262). */
export const MAX_ACCOUNT_FILE_BYTES = 8 * 1024 * 1024;

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Lines that cannot be read are passed over, as libc does. A file that is not there has none. */
export function readPasswd(rootfs: string): PasswdEntry[] {
  return fieldsOf(rootfs, '/etc/passwd').flatMap(([name = '', , uid = '', gid = '', , home = '']) => {
    const numbers = [idNumber(uid), idNumber(gid)] as const;
    if (name === '' || numbers[0] === undefined || numbers[1] === undefined) return [];
    return [{ name, uid: numbers[0], gid: numbers[1], home }];
  });
}

export function readGroups(rootfs: string): GroupEntry[] {
  return fieldsOf(rootfs, '/etc/group').flatMap(([name = '', , gid = '', members = '']) => {
    const number = idNumber(gid);
    if (name === '' || number === undefined) return [];
    return [{ name, gid: number, members: members.split(',').filter((member) => member !== '') }];
  });
}

const MAX_ID = 2 ** 31 - 1;

/** A uid or gid of a file; what is larger than any user may ask for is no account that we would run as. */
function idNumber(text: string): number | undefined {
  if (!/^[0-9]{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= MAX_ID ? number : undefined;
}

function fieldsOf(rootfs: string, path: string): string[][] {
  return (readInRoot(rootfs, path) ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

/**
 * Reads a file of the image as a process in it would find it: symlinks, absolute ones too, stay inside
 * (CVE-2024-9676). Anything but a regular file is refused, and opening never waits: it may be a FIFO.
 *
 * @returns `undefined`: not there
 */
function readInRoot(rootfs: string, path: string): string | undefined {
  let fd: number;
  try {
    fd = openInRoot(rootfs, path, { flags: constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY });
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    if (hasCode(error) && (error.code === 'ELOOP' || error.code === 'ENXIO'))
      throw refused(path, 'it is no regular file');
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw refused(path, 'it is no regular file');
    if (stat.size > MAX_ACCOUNT_FILE_BYTES) throw refused(path, `it has ${stat.size} bytes`);
    return readAll(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** Counts what it reads: the file may grow meanwhile, or be of a file system that says 0. */
function readAll(fd: number, path: string): string {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.alloc(64 * 1024);
    const length = readSync(fd, chunk);
    if (length === 0) return Buffer.concat(chunks).toString('utf8');
    total += length;
    if (total > MAX_ACCOUNT_FILE_BYTES)
      throw refused(path, `it has more than ${MAX_ACCOUNT_FILE_BYTES} bytes`);
    chunks.push(chunk.subarray(0, length));
  }
}

function refused(path: string, reason: string): RuntimeError {
  return new RuntimeError('ACCOUNT_FILE_REFUSED', `Cannot read "${path}" of the container: ${reason}`, {
    hint: `The limit is ${MAX_ACCOUNT_FILE_BYTES} bytes; a numeric user and group ("1000:1000") do not need the file`,
    detail: { path },
  });
}
