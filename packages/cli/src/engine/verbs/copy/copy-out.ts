import { lstat, readlink } from 'node:fs/promises';
import { dirname, posix, resolve } from 'node:path';
import type { ApiPathStat } from '@berth/engine';
import { hasCode } from '@berth/errors';
import { readTar } from '@berth/oci';
import { part } from '../each.ts';
import { plain } from '../files.ts';
import { type VerbCall, VerbError } from '../interface.ts';
import { type End, isFolderMode, isLinkMode, placeCopy, renamed, splitEnd } from './paths.ts';
import { unpackTar } from './unpack-tar.ts';

const MAX_LINKS = 10;

export interface CopyOutCall {
  readonly container: string;
  readonly path: string;
  readonly target: string;
}

/** From a container to this machine, or as a tar to standard output. @returns bytes of the archive */
export async function copyOut(call: VerbCall, { container, path, target }: CopyOutCall): Promise<number> {
  const { api, flags, context, out } = call;
  const archive = `/containers/${part(container)}/archive`;
  const source = { path, name: undefined as string | undefined };
  if (flags.bool('follow-link')) {
    const answer = await api.send({ method: 'HEAD', path: archive, query: { path } });
    answer.resume();
    const { mode, linkTarget } = readStat(answer.headers);
    if (isLinkMode(mode)) {
      source.path = posix.isAbsolute(linkTarget) ? linkTarget : posix.join(posix.dirname(path), linkTarget);
      source.name = splitEnd(path).base;
    }
  }
  const answer = await api.send({ path: archive, query: { path: source.path } });
  const stat = readStat(answer.headers);
  let bytes = 0;
  const counted = (async function* () {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  })();
  try {
    if (target === '-') {
      if (context.stdout.isTTY)
        throw new VerbError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
      for await (const chunk of counted) await out.bytes(chunk);
      return bytes;
    }
    const end = await targetEnd(`${resolve(context.cwd, target)}${/\/\.?$/.exec(target)?.[0] ?? ''}`);
    const origin: End = { path: source.path, isThere: true, isFolder: isFolderMode(stat.mode) };
    const { folder, rename } = placeCopy(origin, end);
    // A link that was followed keeps the name it was called by.
    const own = source.name === undefined ? undefined : { from: splitEnd(source.path).base, to: source.name };
    const items = renamed(
      renamed(readTar(counted, { signal: context.signal }), rename === undefined ? own : undefined),
      rename,
    );
    const skipped = await unpackTar(items, folder, { signal: context.signal });
    for (const name of skipped) out.note(`Not copied: ${name} is a device or a pipe`);
    if (skipped.length > 0) call.exitCode = 1;
    return bytes;
  } finally {
    answer.destroy();
  }
}

function readStat(headers: Readonly<Record<string, string | string[] | undefined>>): ApiPathStat {
  const header = headers['x-docker-container-path-stat'];
  const text = Buffer.from(typeof header === 'string' ? header : '', 'base64').toString('utf8');
  return JSON.parse(text) as ApiPathStat;
}

/** What is at the target; a symbolic link at its end is followed, as `cp` does. */
async function targetEnd(path: string): Promise<End> {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    try {
      const found = await lstat(at.replace(/\/\.?$/, '') || '/');
      if (!found.isSymbolicLink()) return { path: at, isThere: true, isFolder: found.isDirectory() };
      at = resolve(dirname(at.replace(/\/\.?$/, '')), await readlink(at.replace(/\/\.?$/, '')));
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ENOENT') throw plain(error, 'lstat', at);
      return await missingEnd(at);
    }
  }
  throw new VerbError(`too many symlinks in ${path}`);
}

/** It is made, but not the folder that it stands in. */
async function missingEnd(path: string): Promise<End> {
  const { folder } = splitEnd(path);
  try {
    if ((await lstat(folder)).isDirectory() || (await lstat(`${folder}/.`)).isDirectory()) {
      return { path, isThere: false, isFolder: false };
    }
  } catch (error) {
    if (!hasCode(error) || !['ENOENT', 'ENOTDIR'].includes(error.code)) throw error;
    throw new VerbError(`invalid output path: directory "${folder}" does not exist`);
  }
  throw new VerbError(`invalid output path: directory "${folder}" does not exist`);
}
