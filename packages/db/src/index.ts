export { DATABASE_ERRORS, DatabaseError, type DatabaseErrorCode } from './errors.ts';
export type { Database, Migration, OpenDatabaseOptions, Param } from './interface.ts';
export { openDatabase } from './open.ts';
