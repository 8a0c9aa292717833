import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';
import { isAlive } from './process-lock.ts';

/**
 * A folder beside a file that is being made, so that the file can be renamed into place:
 *
 *     <folder>/.<name>.berth-<pid>-<random>/
 *
 * Those of processes that are gone are removed first. Disposing removes the folder with all in it.
 */
export async function openBeside(path: string): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.berth-`;
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    const isLeft = name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length).split('-')[0]));
    if (isLeft) await rm(join(folder, name), { recursive: true, force: true });
  }
  const made = join(folder, `${prefix}${process.pid}-${randomUUID()}`);
  await mkdir(made, { mode: 0o700 });
  return { path: made, [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true }) };
}
