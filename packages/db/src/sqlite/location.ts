import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasCode } from '@berth/errors';
import { DatabaseError } from '../errors.ts';

/** Where a database lies on the disk. */
export interface Location extends AsyncDisposable {
  readonly path: string;
  /** What SQLite is told to open: the path, or a URL of it. */
  readonly source: string;
  readonly isDurable: boolean;
  /** @see OpenDatabaseOptions.isExclusive */
  readonly isExclusive: boolean;
}

/**
 * Finds the file of a URL and makes it where there is none, for its owner alone; SQLite gives the two files
 * beside it (`-wal`, `-shm`) the same mode, and, under root, the same owner.
 *
 * `sqlite::memory:` is a file in a new temporary folder that disposing removes: two threads share it like any
 * other database.
 *
 * @throws {DatabaseError} `DB_URL_INVALID`, `DB_IO`
 */
export async function locate(
  url: string,
  { isExclusive = false }: { readonly isExclusive?: boolean } = {},
): Promise<Location> {
  if (url === 'sqlite::memory:') {
    const folder = await mkdtemp(join(tmpdir(), 'berth-db-'));
    const path = join(folder, 'memory.db');
    return {
      path,
      source: path,
      isDurable: false,
      isExclusive: false,
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  }
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : '';
  if (!isAbsolute(path)) {
    throw new DatabaseError(
      'DB_URL_INVALID',
      `Cannot open the database "${url}": the URL is not understood`,
      {
        hint: 'Write "sqlite:" and an absolute path, for instance "sqlite:/var/lib/berth/registry.db"',
      },
    );
  }
  await makeFile(path);
  const source = isExclusive ? exclusively(path) : path;
  return { path, source, isDurable: true, isExclusive, [Symbol.asyncDispose]: async () => {} };
}

/** @see https://sqlite.org/vfs.html#standard_unix_vfses */
function exclusively(path: string): string {
  const url = pathToFileURL(path);
  url.searchParams.set('vfs', 'unix-excl');
  return url.href;
}

/**
 * NOTE: only a file that was not there may be opened here. Closing any descriptor of a database's file drops all
 * locks that SQLite holds on it in this process.
 *
 * @see https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 */
async function makeFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.close();
  } catch (error) {
    if (!hasCode(error)) throw error;
    if (error.code === 'EEXIST') return;
    throw new DatabaseError('DB_IO', `Cannot make the database "${path}": ${error.message}`, {
      hint: 'Look whether the folder is there and may be written to',
      cause: error,
    });
  }
}
