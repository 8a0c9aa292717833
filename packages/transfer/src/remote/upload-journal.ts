import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import type { Digest } from '@berth/oci';
import { isAlive } from '../files/process-lock.ts';

/** One upload that was begun and not yet finished. */
export interface UploadKey {
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * Remembers the addresses of unfinished uploads over the end of the process, so that the next push goes on with
 * what the registry already holds. Losing it costs only bytes sent again.
 *
 *     <folder>/<sha256 of registry, repository, digest>.json    mode 0600: who has the address may write
 */
export interface UploadJournal {
  /** @returns the address, or `undefined` when there is none or a living process is using it */
  find(key: UploadKey): Promise<URL | undefined>;
  /** Idempotent; the entry belongs to this process until `release`, `remove` or its end. */
  record(key: UploadKey, location: URL): Promise<void>;
  /** This process stopped before the end; anybody may go on. */
  release(key: UploadKey): Promise<void>;
  remove(key: UploadKey): Promise<void>;
}

interface Entry extends UploadKey {
  readonly location: string;
  readonly startedAt: number;
  /** 0 when nobody is on it. */
  readonly ownerPid: number;
}

/** Registries keep unfinished uploads for about this long. */
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;

export function defaultStateFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'berth');
}

export function openUploadJournal(folder: string): UploadJournal {
  const pathOf = ({ registry, repository, digest }: UploadKey) =>
    join(
      folder,
      `${createHash('sha256').update(`${registry}\n${repository}\n${digest}`).digest('hex')}.json`,
    );

  const read = async (key: UploadKey): Promise<Entry | undefined> => {
    const text = await readFile(pathOf(key), 'utf8').catch((error: unknown) => {
      if (hasCode(error) && error.code === 'ENOENT') return undefined;
      throw error;
    });
    const entry = text === undefined ? undefined : parseEntry(text);
    const isOurs =
      entry?.registry === key.registry && entry.repository === key.repository && entry.digest === key.digest;
    return isOurs ? entry : undefined;
  };

  const write = async (key: UploadKey, entry: Entry): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `.${randomUUID()}`);
    await writeFile(temporary, JSON.stringify(entry), { mode: 0o600, flag: 'wx' });
    await rename(temporary, pathOf(key));
  };

  return {
    async find(key) {
      const entry = await read(key);
      if (entry === undefined || isAlive(entry.ownerPid)) return undefined;
      const isFresh = Math.abs(Date.now() - entry.startedAt) < MAX_AGE_MS;
      if (isFresh && URL.canParse(entry.location)) return new URL(entry.location);
      await this.remove(key);
      return undefined;
    },
    async record(key, location) {
      const { registry, repository, digest } = key;
      const entry = { registry, repository, digest, location: location.href };
      await write(key, { ...entry, startedAt: Date.now(), ownerPid: process.pid });
    },
    async release(key) {
      const entry = await read(key);
      if (entry?.ownerPid === process.pid) await write(key, { ...entry, ownerPid: 0 });
    },
    remove: (key) => rm(pathOf(key), { force: true }),
  };
}

/** A journal that remembers nothing. */
export function noUploadJournal(): UploadJournal {
  return {
    find: async () => undefined,
    record: async () => {},
    release: async () => {},
    remove: async () => {},
  };
}

function parseEntry(text: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { registry, repository, digest, location, startedAt, ownerPid } = (value ?? {}) as Partial<Entry>;
  const texts = [registry, repository, digest, location].every((field) => typeof field === 'string');
  return texts && typeof startedAt === 'number' && typeof ownerPid === 'number'
    ? (value as Entry)
    : undefined;
}
