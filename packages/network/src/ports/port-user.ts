import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from '@berth/errors';

export interface PortUser {
  readonly pid: number;
  readonly name: string;
}

const TCP_LISTEN = '0A';

/**
 * Which process of this machine has a port, by its socket's inode: looked for only when a port was refused. `undefined` when it
 * cannot be found: another user's network namespace, or gone meanwhile.
 */
export async function findPortUser(protocol: 'tcp' | 'udp', port: number): Promise<PortUser | undefined> {
  const inodes = new Set<string>();
  for (const family of ['', '6']) {
    const table = await ifThere(() => readFile(`/proc/net/${protocol}${family}`, 'utf8'));
    for (const inode of socketsOnPort(table ?? '', { port, isListening: protocol === 'tcp' }))
      inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    for (const fd of (await ifThere(() => readdir(`/proc/${entry}/fd`))) ?? []) {
      const link = await ifThere(() => readlink(`/proc/${entry}/fd/${fd}`));
      const inode = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      return { pid: Number(entry), name: await programName(entry) };
    }
  }
  return undefined;
}

/** Its program's; what a process calls itself is often a thread's name ("MainThread" of Node). */
async function programName(pid: string): Promise<string> {
  const program = await ifThere(() => readlink(`/proc/${pid}/exe`));
  if (program !== undefined) return basename(program.replace(/ \(deleted\)$/, ''));
  return (await ifThere(() => readFile(`/proc/${pid}/comm`, 'utf8')))?.trim() ?? '';
}

/** Inodes in the text of `/proc/net/tcp` and its like. */
export function socketsOnPort(
  table: string,
  options: { readonly port: number; readonly isListening: boolean },
): readonly string[] {
  const inodes: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || inode === undefined) continue;
    if (Number.parseInt(local.split(':')[1] ?? '', 16) !== options.port) continue;
    if (options.isListening && state !== TCP_LISTEN) continue;
    inodes.push(inode);
  }
  return inodes;
}

async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  }
}
