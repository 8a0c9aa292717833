import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { hasCode } from '@berth/errors';
import { type VerbCall, VerbError } from './interface.ts';

/** Before a request begins: a file that is not there is an error of its own. */
export async function readableFile(path: string, shown: string): Promise<void> {
  try {
    await using file = await open(path);
    if ((await file.stat()).isDirectory()) throw new VerbError(`read ${shown}: is a directory`);
  } catch (error) {
    throw plain(error, 'open', shown);
  }
}

/**
 * Writes a stream to the file of `-o`, or to standard output, which must be no terminal. The file is there when all of it is:
 * until then it has another name beside.
 *
 * @param what `save`, for the words of errors
 */
export async function writeOutput(
  { flags, context, out }: Pick<VerbCall, 'flags' | 'context' | 'out'>,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  what: string,
): Promise<void> {
  const output = flags.text('output');
  if (output === undefined) {
    if (context.stdout.isTTY) {
      throw new VerbError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    for await (const chunk of await open()) await out.bytes(chunk);
    return;
  }
  const path = resolve(context.cwd, output);
  await mayBeWritten(path, what);
  const source = await open();
  const temporary = `${path}.${process.pid}.part`;
  try {
    await writeFile(temporary, source);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw plain(error, 'open', output);
  }
}

async function writeFile(path: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
  }
  await file.sync();
}

async function mayBeWritten(path: string, what: string): Promise<void> {
  const folder = dirname(path);
  try {
    await stat(folder);
  } catch (error) {
    throw new VerbError(`failed to ${what}: invalid output path: ${plain(error, 'stat', folder).message}`);
  }
  const kind = await kindOf(path);
  if (kind === 'folder')
    throw new VerbError(`failed to ${what}: invalid output path: "${path}" must be a regular file`);
}

async function kindOf(path: string): Promise<'folder' | 'other' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ENOSPC: 'no space left on device',
  EROFS: 'read-only file system',
};

/** A file error in the words that docker has for it: `open /nope: no such file or directory`. */
export function plain(error: unknown, call: string, path: string): Error {
  const reason = hasCode(error) ? REASONS[error.code] : undefined;
  if (reason !== undefined) return new VerbError(`${call} ${path}: ${reason}`);
  return error instanceof Error ? error : new Error(String(error));
}
