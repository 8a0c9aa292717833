import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve } from 'node:path';
import type { ApiPathStat } from '@berth/engine';
import { writeTar } from '@berth/oci';
import { isApiError } from '../../client/api-error.ts';
import { part } from '../each.ts';
import { plain } from '../files.ts';
import { type VerbCall, VerbError } from '../interface.ts';
import { packFiles } from './pack-files.ts';
import { type End, isFolderMode, isLinkMode, placeCopy, splitEnd } from './paths.ts';

export interface CopyInCall {
  readonly container: string;
  readonly path: string;
  readonly source: string;
}

/** From this machine, or from a tar on standard input, into a container. @returns bytes of the archive */
export async function copyIn(call: VerbCall, { container, path, source }: CopyInCall): Promise<number> {
  const { context, flags } = call;
  const { signal } = context;
  const target = await containerEnd(call, container, path);
  if (source === '-') {
    if (!target.isFolder) throw new VerbError(`destination "${container}:${path}" must be a directory`);
    return await put(call, { container, folder: target.path, tar: context.stdin });
  }
  const origin = await sourceEnd(resolve(context.cwd, source), source, flags.bool('follow-link'));
  const { folder, rename } = placeCopy(origin.end, target);
  const name = rename?.to ?? origin.end.name ?? splitEnd(origin.end.path).base;
  const tar = writeTar(packFiles(origin.real, name, { signal }), { signal });
  return await put(call, { container, folder, tar });
}

async function put(
  { api, flags }: VerbCall,
  {
    container,
    folder,
    tar,
  }: { readonly container: string; readonly folder: string; readonly tar: AsyncIterable<Uint8Array> },
): Promise<number> {
  let bytes = 0;
  const body = (async function* () {
    for await (const chunk of tar) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  })();
  await api.act({
    method: 'PUT',
    path: `/containers/${part(container)}/archive`,
    query: { path: folder, noOverwriteDirNonDir: 'true', copyUIDGID: flags.bool('archive') },
    headers: { 'content-type': 'application/x-tar' },
    body,
  });
  return bytes;
}

/** What is at the target; a link there is followed once, inside the container. What is not there is made under its name. */
async function containerEnd(call: VerbCall, container: string, path: string): Promise<End> {
  const found = await statPath(call, container, path);
  if (found === undefined) return { path, isThere: false, isFolder: false };
  if (!isLinkMode(found.mode)) return { path, isThere: true, isFolder: isFolderMode(found.mode) };
  const { linkTarget } = found;
  const at = posix.isAbsolute(linkTarget) ? linkTarget : posix.join(splitEnd(path).folder, linkTarget);
  const behind = await statPath(call, container, at);
  return {
    path: at,
    isThere: behind !== undefined,
    isFolder: behind !== undefined && isFolderMode(behind.mode),
  };
}

async function statPath(
  { api }: VerbCall,
  container: string,
  path: string,
): Promise<ApiPathStat | undefined> {
  const call = { method: 'HEAD', path: `/containers/${part(container)}/archive`, query: { path } } as const;
  try {
    const answer = await api.send(call);
    answer.resume();
    const header = answer.headers['x-docker-container-path-stat'];
    return JSON.parse(Buffer.from(String(header), 'base64').toString('utf8')) as ApiPathStat;
  } catch (error) {
    if (!isApiError(error, 404)) throw error;
    // An answer to HEAD has no words: whether the container is there is asked for with some.
    await api.text({ path: `/containers/${part(container)}/json` });
    return undefined;
  }
}

/** `real`: where it lies, links on the way followed. A slash at the end, or `-L`, follows the last one too. */
async function sourceEnd(
  path: string,
  given: string,
  follows: boolean,
): Promise<{ readonly end: End; readonly real: string }> {
  const isInside = /\/\.$/.test(given) || given === '.';
  try {
    const isFollowed = follows || given.endsWith('/') || isInside;
    const real = isFollowed ? await realpath(path) : join(await realpath(dirname(path)), basename(path));
    const found = await lstat(real);
    if (given.endsWith('/') && !found.isDirectory()) throw new VerbError('not a directory');
    const end: End = { path: isInside ? `${real}/.` : real, isThere: true, isFolder: found.isDirectory() };
    const name = basename(path);
    return { end: isInside || basename(real) === name ? end : { ...end, name }, real };
  } catch (error) {
    throw plain(error, 'lstat', path);
  }
}
