import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/db` throws. */
export const DATABASE_ERRORS = {
  DB_URL_INVALID: {
    class: 'invalidArgument',
    description: 'The database URL is not `sqlite:/absolute/path` or `sqlite::memory:`',
  },
  DB_READ_ONLY: { class: 'invalidArgument', description: 'Something was written outside a transaction' },
  DB_CONFLICT: { class: 'conflict', description: 'A row with the same unique key exists already' },
  DB_CONSTRAINT: {
    class: 'failedPrecondition',
    description: 'A row breaks a foreign key, a check, or a type of the schema',
  },
  DB_NEWER: {
    class: 'failedPrecondition',
    description: 'The database was made by a newer Berth, whose schema this one does not know',
  },
  DB_FULL: { class: 'resourceExhausted', description: 'The disk under the database is full' },
  DB_BUSY: {
    class: 'unavailable',
    description: 'Another process holds the write lock of the database for too long',
  },
  DB_IO: { class: 'unavailable', description: 'The files of the database cannot be opened, read or written' },
  DB_CLOSED: { class: 'failedPrecondition', description: 'The database is closed, or its worker has ended' },
  DB_CORRUPT: { class: 'dataLoss', description: 'The file is damaged or is not a database' },
  DB_QUERY: { class: 'internal', description: 'A query is wrong: its text, or the type of a value' },
} as const satisfies ErrorTable;

export type DatabaseErrorCode = keyof typeof DATABASE_ERRORS;

export class DatabaseError extends BerthError<DatabaseErrorCode> {
  constructor(code: DatabaseErrorCode, message: string, options?: BerthErrorOptions) {
    super(DATABASE_ERRORS, code, message, options);
  }
}
