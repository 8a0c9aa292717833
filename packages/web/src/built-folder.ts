/**
 * Where built pages wait for the next start:
 *
 *     packages/web/dist/
 *       <hash of all sources>/     appears by one rename, whole
 *         index.html  assets/…
 *
 * A folder that cannot be written (a clone that belongs to somebody else) only costs the next start a build.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasCode } from '@berth/errors';
import type { BuiltPages } from './build-pages.ts';

const PACKAGE = fileURLToPath(new URL('../', import.meta.url));
const SOURCES = join(PACKAGE, 'src/pages');
const DIST = join(PACKAGE, 'dist');

export async function readBuilt(): Promise<BuiltPages | undefined> {
  const folder = join(DIST, await sourcesHash());
  let names: string[];
  try {
    names = await filesBelow(folder);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, await readFile(join(folder, name)));
  return { files };
}

export async function writeBuilt(built: BuiltPages): Promise<void> {
  const staging = join(DIST, `.${randomUUID()}`);
  try {
    for (const [name, bytes] of built.files) {
      const path = join(staging, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    }
    const folder = join(DIST, await sourcesHash());
    await removeOthers(folder, staging);
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
    if (
      !hasCode(error) ||
      !['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTEMPTY', 'EEXIST'].includes(error.code)
    )
      throw error;
  }
}

/** Earlier builds go; what another process is staging at this moment stays. */
async function removeOthers(folder: string, staging: string): Promise<void> {
  for (const name of await readdir(DIST)) {
    const path = join(DIST, name);
    if (path !== folder && path !== staging && !name.startsWith('.'))
      await rm(path, { recursive: true, force: true });
  }
}

/** Over every source file and the package's own versions of what it builds with. */
async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await readFile(join(PACKAGE, 'package.json')));
  for (const name of await filesBelow(SOURCES)) {
    hash.update(`\0${name}\0`).update(await readFile(join(SOURCES, name)));
  }
  return hash.digest('hex').slice(0, 32);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
