import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from '@berth/errors';

export interface PortHolder {
  readonly pid: number;
  readonly name: string;
}

const LISTEN = '0A';

/** Who listens on a TCP port, as far as /proc tells this user. @see proc(5), /proc/net/tcp and /proc/pid/fd */
export async function findPortHolder(port: number): Promise<PortHolder | undefined> {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const pid of await listOrNothing('/proc')) {
    if (!/^[0-9]+$/.test(pid)) continue;
    for (const fd of await listOrNothing(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(goneAsEmpty);
      const inode = /^socket:\[([0-9]+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      return { pid: Number(pid), name: await nameOf(pid) };
    }
  }
  return undefined;
}

async function listeningInodes(port: number): Promise<Set<string>> {
  const inodes = new Set<string>();
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(goneAsEmpty);
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (local?.endsWith(wanted) && state === LISTEN && inode !== undefined) inodes.add(inode);
    }
  }
  return inodes;
}

/** Of its program; a main thread may have a name of its own, which says nothing. */
async function nameOf(pid: string): Promise<string> {
  const [program = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(goneAsEmpty)).split('\0');
  if (program !== '') return basename(program);
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(goneAsEmpty)).trim();
}

async function listOrNothing(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    goneAsEmpty(error);
    return [];
  }
}

/** Processes end while we look, and those of others are closed to us. */
function goneAsEmpty(error: unknown): '' {
  if (hasCode(error) && ['ENOENT', 'EACCES', 'EPERM', 'ESRCH', 'ENOTDIR', 'EINVAL'].includes(error.code))
    return '';
  throw error;
}
