import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { mustRun, runCommand } from '../lab/command.ts';

const TOP = join(import.meta.dirname, '..', '..');
const NOT_CLONED = new Set(['node_modules', 'dist', 'coverage', 'bench-results', '.git']);

/** A fresh clone of what is committed; where this is no clone itself, a copy without anything that was made in it. */
export async function cloneTo(folder: string): Promise<void> {
  const git = ['git', '-c', 'safe.directory=*'] as const;
  const { code } = await runCommand([...git, '-C', TOP, 'rev-parse', '--verify', '--quiet', 'HEAD']).catch(
    () => ({ code: 1 }),
  );
  if (code === 0) await mustRun([...git, 'clone', '--quiet', '--no-hardlinks', TOP, folder]);
  else await cp(TOP, folder, { recursive: true, filter: (path) => !NOT_CLONED.has(basename(path)) });
}
