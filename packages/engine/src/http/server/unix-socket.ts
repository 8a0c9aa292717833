import { randomBytes } from 'node:crypto';
import { chmod, chown, link, lstat, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { hasCode } from '@berth/errors';
import { EngineError } from '../../errors.ts';
import { processOfSocket, stagedPath } from './process-of-socket.ts';

/** `sun_path` of unix(7), the zero at its end taken off. */
const MAX_PATH_BYTES = 107;

export interface UnixSocketOptions {
  readonly path: string;
  /** Default 0600, 0660 with a group. */
  readonly mode?: number;
  /** Name or number of the group that may use it. Whoever may is root on this machine. */
  readonly group?: string;
}

/**
 * Lets a server listen on a socket's file.
 *
 * The file is made under another name, gets its rights, and appears by `link`, which never replaces anything: so nobody
 * can connect before the rights are right, and of two that start at once one is refused. A file where nobody answers is what a
 * killed engine left; it is moved aside, asked once more, and only then removed.
 *
 * @returns takes the file away again, if it is still ours
 * @throws {EngineError} `SOCKET_TAKEN` (names the process), `SOCKET_UNUSABLE`
 */
export async function listenOnUnixSocket(
  server: Server,
  options: UnixSocketOptions,
): Promise<() => Promise<void>> {
  const { path } = options;
  const folder = dirname(path);
  const staged = stagedPath(path);
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(staged)) > MAX_PATH_BYTES) {
    throw new EngineError(
      'SOCKET_UNUSABLE',
      `Cannot listen on "${path}": the path is too long for a socket`,
      {
        hint: `Choose one of at most ${MAX_PATH_BYTES} bytes`,
      },
    );
  }
  const gid = options.group === undefined ? undefined : await groupId(options.group);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  await listen(server, staged);
  try {
    if (gid !== undefined) await chown(staged, -1, gid);
    await chmod(staged, options.mode ?? (gid === undefined ? 0o600 : 0o660));
    await appear(staged, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(staged, { force: true });
  }
  const { ino } = await lstat(path);
  return async () => {
    if ((await lstatIfThere(path))?.ino === ino) await rm(path, { force: true });
  };
}

function listen(server: Server, path: string): Promise<void> {
  // The socket is bound within this call; for so long its file belongs to nobody else.
  const before = process.umask(0o177);
  try {
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
}

async function appear(staged: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      await link(staged, path);
      return;
    } catch (error) {
      if (!hasCode(error) || error.code !== 'EEXIST') throw error;
    }
    await removeIfDead(path);
  }
  throw new EngineError('SOCKET_TAKEN', `Cannot listen on "${path}": others make and remove it all the time`);
}

async function removeIfDead(path: string): Promise<void> {
  const found = await lstatIfThere(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new EngineError('SOCKET_TAKEN', `Cannot listen on "${path}": what lies there is no socket`, {
      hint: 'Remove it, or choose another path',
    });
  }
  if (await answers(path)) throw await taken(path);
  const aside = `${path}.${randomBytes(3).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return;
    throw error;
  }
  // Between the question and the rename somebody may have begun to listen: then it is his, and goes back.
  const isAlive = await answers(aside);
  if (isAlive) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
  if (isAlive) throw await taken(path);
}

async function taken(path: string): Promise<EngineError> {
  const owner = await processOfSocket(path);
  const by = owner === undefined ? 'another process' : `process ${owner.pid} (${owner.command})`;
  return new EngineError('SOCKET_TAKEN', `Cannot listen on "${path}": address in use by ${by}`, {
    hint: 'Stop that process, or choose another path with BERTH_SOCKET',
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => {
      const code = hasCode(error) ? error.code : '';
      // EAGAIN: somebody listens, and his queue is full.
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
      else if (code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

async function lstatIfThere(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function groupId(group: string): Promise<number> {
  if (/^[0-9]+$/.test(group)) return Number(group);
  const line = (await readFile('/etc/group', 'utf8')).split('\n').find((one) => one.startsWith(`${group}:`));
  const gid = Number(line?.split(':')[2]);
  if (line !== undefined && Number.isInteger(gid)) return gid;
  throw new EngineError(
    'SOCKET_UNUSABLE',
    `Cannot give the socket to group "${group}": there is no such group`,
  );
}
