/** A worker that visits the jails it is told of, and says what it saw inside and afterwards. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { hasCode } from '@berth/errors';
import { libc } from './libc.ts';
import { visitJail } from './visit-jail.ts';

export interface Visit {
  readonly root: string;
  /** A file outside, and ways to it. */
  readonly outside: readonly string[];
  readonly fails?: boolean;
}

export interface Seen {
  readonly names?: readonly string[];
  readonly outside?: readonly boolean[];
  readonly mode?: number;
  readonly nested?: string;
  readonly error?: string;
  /** Back outside. */
  readonly isBack: boolean;
  readonly umask: number;
}

function see(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

async function visit({ root, outside, fails }: Visit): Promise<Seen> {
  let seen: Omit<Seen, 'isBack' | 'umask'>;
  try {
    seen = await visitJail(root, async () => {
      // The event loop turns inside, as it does while a stream is unpacked.
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (fails === true) throw new Error('failed inside');
      mkdirSync('/made', 0o777);
      const mode = statSync('/made').mode & 0o777;
      rmdirSync('/made');
      const nested = await visitJail('/', async () => 'went in').catch((error: unknown) => codeOf(error));
      return { names: readdirSync('/'), outside: outside.map(see), mode, nested };
    });
  } catch (error) {
    seen = { error: codeOf(error) };
  }
  const umask = libc().umask(0o022);
  libc().umask(umask);
  return { ...seen, isBack: existsSync(outside[0] ?? '') && existsSync(root), umask };
}

function codeOf(error: unknown): string {
  return hasCode(error) ? error.code : String(error);
}

const { visits } = workerData as { readonly visits: readonly Visit[] };
for (const one of visits) parentPort?.postMessage(await visit(one));
