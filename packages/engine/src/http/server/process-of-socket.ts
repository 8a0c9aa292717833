import { randomBytes } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';

export interface SocketOwner {
  readonly pid: number;
  readonly command: string;
}

/** The name that a socket is made under; the kernel's table shows it for as long as the socket lives. */
export function stagedPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(2).toString('hex')}`);
}

/** Who listens on a socket's file, as far as `/proc` lets us look. */
export async function processOfSocket(path: string): Promise<SocketOwner | undefined> {
  const inodes = await listeningInodes(path);
  if (inodes.size === 0) return undefined;
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!(pid > 0) || !(await holdsOne(pid, inodes))) continue;
    const command = await ifThere(() => readFile(`/proc/${pid}/comm`, 'utf8'));
    return { pid, command: command?.trim() ?? '' };
  }
  return undefined;
}

/** `Num RefCount Protocol Flags Type St Inode Path`; the flag 0x10000 is a socket that listens. */
async function listeningInodes(path: string): Promise<ReadonlySet<string>> {
  const table = (await ifThere(() => readFile('/proc/net/unix', 'utf8'))) ?? '';
  const found = new Set<string>();
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] === '00010000' && isNameOf(path, fields.slice(7).join(' ')))
      found.add(`socket:[${fields[6]}]`);
  }
  return found;
}

function isNameOf(path: string, name: string): boolean {
  const staged = stagedPath(path).slice(0, -4);
  return name === path || (name.startsWith(staged) && /^[0-9a-f]{4}$/.test(name.slice(staged.length)));
}

async function holdsOne(pid: number, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of (await ifThere(() => readdir(`/proc/${pid}/fd`))) ?? []) {
    const link = await ifThere(() => readlink(`/proc/${pid}/fd/${fd}`));
    if (link !== undefined && inodes.has(link)) return true;
  }
  return false;
}

async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code)) return undefined;
    throw error;
  }
}
