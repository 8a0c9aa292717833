import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyOrder } from './copy.child.ts';

const CHILD = join(import.meta.dirname, 'copy.child.ts');

export interface CopierEnd {
  /** It did not come to its end. */
  readonly isKilled: boolean;
  /** From its first word to its end. */
  readonly ms: number;
}

/** Copies in a process of its own, which is killed so long after it turned to the registry, if it still runs. */
export async function runCopier(order: CopyOrder, killAfterMs?: number): Promise<CopierEnd> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([once(child.stdout, 'data'), ended]);
  const began = performance.now();
  if (killAfterMs !== undefined) {
    await Promise.race([sleep(killAfterMs), ended]);
    child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  if (signal === null && code !== 0) throw new Error(`The copy ended with exit code ${code}`);
  return { isKilled: signal === 'SIGKILL', ms: performance.now() - began };
}
