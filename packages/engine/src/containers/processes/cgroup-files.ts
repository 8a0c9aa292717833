import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { cgroupPathsOf } from '@berth/linux';

/** The control groups of one container, in both versions of the interface. */
export interface ContainerCgroups {
  readonly isUnified: boolean;
  /** Folder of a controller: of version 1 its own, of version 2 the one there is. `undefined`: not mounted. */
  folder(controller: string): string | undefined;
}

/**
 * By its init, which may have moved into a group below its own (an init system does): the path is cut behind the id.
 * @returns `undefined`: the process is gone
 */
export function containerCgroups(id: string, pid: number): ContainerCgroups | undefined {
  try {
    const { legacy, unified } = cgroupPathsOf(pid);
    const own = (path: string | undefined) => (path === undefined ? undefined : cutBehind(path, id));
    // On a machine with both, controllers are in the version 1 trees.
    const isUnified = legacy.memory === undefined && legacy.cpu === undefined;
    return {
      isUnified,
      folder: (controller) => own(isUnified ? unified : legacy[controller]),
    };
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}

function cutBehind(path: string, id: string): string {
  const at = path.indexOf(id);
  return at < 0 ? path : path.slice(0, at + id.length);
}

/** `undefined`: the file or the group is not there (any more). */
export async function readCgroupFile(folder: string | undefined, name: string): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENODEV', 'EOPNOTSUPP', 'EINVAL'].includes(error.code)) return undefined;
    throw error;
  }
}

/** `name value` lines. */
export function parsePairs(text: string | undefined): Record<string, number> {
  const pairs: Record<string, number> = {};
  for (const line of (text ?? '').split('\n')) {
    const [name = '', value = ''] = line.split(/\s+/);
    if (name !== '' && value !== '') pairs[name] = Number(value);
  }
  return pairs;
}
