import { lstatSync, readlinkSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { bytesToPath, pathToBytes } from '@berth/oci';

const MAX_LINKS = 40;

/**
 * Where a path of a layer lies when folders on its way are symlinks in the layers below: `lib/x` is `usr/lib/x` on a base
 * with `lib -> usr/lib`. Layers do not change, and each step looks at one name in one folder: no link is followed by
 * the file system.
 */
export function resolveBelow(path: string, below: readonly string[]): string {
  let links = 0;
  let done = '';
  let rest = path.split('/');
  let live = below;
  while (rest.length > 1) {
    const [name = '', ...after] = rest;
    const at = done === '' ? name : `${done}/${name}`;
    const looked = look(at, live);
    if (looked.target === undefined || ++links > MAX_LINKS) {
      done = at;
      rest = after;
      live = looked.live;
    } else {
      const absolute = normalize(join('/', looked.target.startsWith('/') ? '' : done, looked.target));
      rest = [...absolute.split('/').filter((part) => part !== ''), ...after];
      done = '';
      live = below;
    }
  }
  return done === '' ? (rest[0] ?? path) : `${done}/${rest[0]}`;
}

/** The nearest layer that has the name says what it is; where it is no folder there, layers below say nothing of what is in it. */
function look(
  path: string,
  live: readonly string[],
): { readonly target: string | undefined; readonly live: readonly string[] } {
  for (const [at, folder] of live.entries()) {
    const bytes = pathToBytes(`${folder}/${path}`);
    const stat = lstatSync(bytes, { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    const isNearest = !live
      .slice(0, at)
      .some((nearer) => lstatSync(pathToBytes(`${nearer}/${path}`), { throwIfNoEntry: false }));
    const isLink = isNearest && stat.isSymbolicLink();
    const target = isLink ? bytesToPath(readlinkSync(bytes, { encoding: 'buffer' })) : undefined;
    return { target, live: live.slice(0, at) };
  }
  return { target: undefined, live };
}
