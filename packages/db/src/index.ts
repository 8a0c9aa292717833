export { DATABASE_ERRORS, DatabaseError, type DatabaseErrorCode } from './errors.ts';
export {
  DATABASE_STEPS,
  type Database,
  type DatabaseStep,
  type Migration,
  type OpenDatabaseOptions,
  type Param,
} from './interface.ts';
export { openDatabase } from './open.ts';
export { DatabaseThread } from './sqlite/database-thread.ts';
