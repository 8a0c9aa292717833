import { randomUUID } from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import type { System } from '../interface.ts';
import type { SystemDeps } from './deps.ts';
import { diskUsage } from './disk-usage.ts';
import { engineInfo } from './info.ts';
import { writeNewFile } from './new-file.ts';
import { signIn } from './sign-in.ts';
import { engineVersion } from './version.ts';

/** `info`, `version`, `system df` and the check of a login. Holds nothing open. */
export function openSystem(deps: SystemDeps): System {
  let id: Promise<string> | undefined;
  return {
    info: async () => {
      id ??= engineId(deps.dataRoot);
      return await engineInfo(deps, await id);
    },
    version: async () => engineVersion(deps),
    diskUsage: (types, options) => diskUsage(deps, { ...options, types }),
    auth: (registry, credentials, options) => signIn(deps.registries, { ...options, registry, credentials }),
  };
}

/** Made once per data folder: tools tell engines apart by it. */
async function engineId(dataRoot: string): Promise<string> {
  const path = join(dataRoot, 'engine-id');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const text = await readIfThere(path);
    if (text !== undefined && text.trim() !== '') return text.trim();
    if (text !== undefined) await rm(path, { force: true });
    const staged = `${path}.${randomUUID()}`;
    try {
      await writeNewFile(staged, `${randomUUID()}\n`);
      await link(staged, path);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'EEXIST') throw error;
    } finally {
      await rm(staged, { force: true });
    }
  }
  return ((await readIfThere(path)) ?? '').trim();
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
