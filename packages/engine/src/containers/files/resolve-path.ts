import { readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { hasCode } from '@berth/errors';
import { nativePath } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { EngineError } from '../../errors.ts';

/**
 * A path of the caller's as an absolute one of the container, by its text alone; a `/` or `/.` at its end stays, since it means
 * "what a link there leads to".
 */
export function absolutePath(path: string): string {
  const clean = posix.normalize(`/${path}`);
  const bare = clean === '/' ? clean : clean.replace(/\/$/, '');
  if (path === '.' || path.endsWith('/.')) return bare === '/' ? '/.' : `${bare}/.`;
  return path.endsWith('/') && bare !== '/' ? `${bare}/` : bare;
}

/** Go's filepath.Base: `/a/` is `a`, `/a/.` is `.`, `/` is `/`. */
export function baseName(path: string): string {
  const bare = path.replace(/\/+$/, '');
  return bare === '' ? '/' : bare.slice(bare.lastIndexOf('/') + 1);
}

/** As the kernel's own limit is 40, and Docker's 255. */
const MOST_LINKS = 255;

/**
 * Follows every link; what is not there ends the looking, not the path. For a thread that is in the container's root already:
 * where a race leads, it leads inside.
 *
 * @throws {EngineError} `PATH_REFUSED` for links in a circle
 */
export function followLinks(path: string): string {
  let rest = path.split('/').filter((part) => part !== '' && part !== '.');
  let found: string[] = [];
  let links = 0;
  while (rest.length > 0) {
    const [part = '', ...others] = rest;
    rest = others;
    if (part === '..') {
      found.pop();
      continue;
    }
    const target = linkTarget(`/${[...found, part].join('/')}`);
    if (target === undefined) {
      found.push(part);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw new EngineError('PATH_REFUSED', `too many links in path: ${path}`);
    if (target.startsWith('/')) found = [];
    rest = [...target.split('/').filter((name) => name !== '' && name !== '.'), ...rest];
  }
  return `/${found.join('/')}`;
}

/** All but the last name is followed. */
export function followParents(path: string): string {
  if (path === '/') return path;
  const at = path.lastIndexOf('/');
  const last = path.slice(at + 1);
  if (last === '' || last === '.') return followLinks(path);
  const parent = followLinks(path.slice(0, at) || '/');
  return parent === '/' ? `/${last}` : `${parent}/${last}`;
}

function linkTarget(path: string): string | undefined {
  try {
    return bytesToPath(readlinkSync(nativePath(path), { encoding: 'buffer' }));
  } catch (error) {
    if (hasCode(error) && ['EINVAL', 'ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  }
}
