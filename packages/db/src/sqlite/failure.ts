import { DatabaseError, type DatabaseErrorCode } from '../errors.ts';

/** What SQLite said, as it crosses from the worker: an error loses its class and fields there. */
export interface SqliteFailure {
  /** Extended result code; `undefined` when the call itself was wrong (a value of a wrong type). */
  readonly errcode: number | undefined;
  readonly message: string;
}

/** Primary result codes, the low byte of an extended one. @see https://sqlite.org/rescode.html */
const BY_PRIMARY_CODE: Readonly<Record<number, DatabaseErrorCode>> = {
  5: 'DB_BUSY', // SQLITE_BUSY
  6: 'DB_BUSY', // SQLITE_LOCKED
  8: 'DB_READ_ONLY', // SQLITE_READONLY
  10: 'DB_IO', // SQLITE_IOERR
  11: 'DB_CORRUPT', // SQLITE_CORRUPT
  13: 'DB_FULL', // SQLITE_FULL
  14: 'DB_IO', // SQLITE_CANTOPEN
  19: 'DB_CONSTRAINT', // SQLITE_CONSTRAINT
  26: 'DB_CORRUPT', // SQLITE_NOTADB
};
const BY_EXTENDED_CODE: Readonly<Record<number, DatabaseErrorCode>> = {
  1555: 'DB_CONFLICT', // SQLITE_CONSTRAINT_PRIMARYKEY
  2067: 'DB_CONFLICT', // SQLITE_CONSTRAINT_UNIQUE
  2579: 'DB_CONFLICT', // SQLITE_CONSTRAINT_ROWID
  4874: 'DB_FULL', // SQLITE_IOERR_SHMSIZE: the shared index of the write-ahead log cannot grow
};

const HINTS: Partial<Record<DatabaseErrorCode, string>> = {
  DB_FULL: 'Free space on that disk, then try again; nothing of this change was kept',
  DB_BUSY: 'Look for another Berth process or a tool that works on the same data folder',
  DB_CORRUPT: 'Stop Berth, keep a copy of the data folder, and restore the newest backup',
  DB_READ_ONLY: 'Write inside transaction()',
  DB_IO: 'Look at the owner, the mode and the health of that disk',
};

export function toFailure(error: unknown): SqliteFailure {
  if (!(error instanceof Error)) return { errcode: undefined, message: String(error) };
  const { errcode } = error as { errcode?: unknown };
  return { errcode: typeof errcode === 'number' ? errcode : undefined, message: error.message };
}

/** @param action what could not be done, for the message: `write to "/data/registry.db"` */
export function toDatabaseError(failure: SqliteFailure, action: string): DatabaseError {
  const { errcode } = failure;
  const code =
    errcode === undefined
      ? 'DB_QUERY'
      : (BY_EXTENDED_CODE[errcode] ?? BY_PRIMARY_CODE[errcode & 0xff] ?? 'DB_QUERY');
  const hint = HINTS[code];
  return new DatabaseError(code, `Cannot ${action}: ${failure.message}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(errcode === undefined ? {} : { detail: { sqlite: errcode } }),
  });
}
