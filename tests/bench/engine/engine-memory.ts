import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from '@berth/errors';
import { readPss } from '../memory.ts';
import type { EngineContender } from './contender.ts';

/** Programs that an engine consists of: ours, dockerd's. Wrappers of the lab and what runs in containers are none. */
const PROGRAMS = /^(node|berth.*|dockerd|containerd|containerd-shim.*|docker-proxy)$/;

/** Megabytes of all processes of an engine, shared ones counted once (PSS). */
export async function engineMemory({ housePid }: EngineContender): Promise<number> {
  const house = await readlink(`/proc/${housePid}/ns/pid`);
  let total = 0;
  for (const entry of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      if ((await readlink(`/proc/${entry}/ns/pid`)) !== house) continue;
      const program = basename(await readlink(`/proc/${entry}/exe`));
      if (PROGRAMS.test(program)) total += (await readPss(Number(entry))) ?? 0;
    } catch (error) {
      // It has ended meanwhile, or belongs to the kernel.
      if (!hasCode(error) || !['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) throw error;
    }
  }
  if (total === 0) throw new Error('Cannot measure: the engine has no process');
  return total;
}
