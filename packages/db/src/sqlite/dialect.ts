/** How Kysely reaches the two connections: one dialect that reads here, one that writes in the worker. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { DatabaseError } from '../errors.ts';
import type { DatabaseStep } from '../interface.ts';
import type { Reader } from './reader.ts';
import type { StatementResult } from './statements.ts';
import type { Writer } from './writer.ts';

/** One connection serves any number of callers at once: each statement runs to its end by itself. */
class SharedConnectionAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function dialectOver(driver: Driver): Dialect {
  return {
    createAdapter: () => new SharedConnectionAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function toQueryResult<R>(result: StatementResult): QueryResult<R> {
  return {
    rows: result.rows as R[],
    ...(result.changes === undefined ? {} : { numAffectedRows: BigInt(result.changes) }),
    ...(result.lastInsertRowid === undefined ? {} : { insertId: BigInt(result.lastInsertRowid) }),
  };
}

function refuseTransaction(): Promise<never> {
  throw new DatabaseError('DB_READ_ONLY', 'Cannot begin a transaction on the reading side of the database', {
    hint: 'Write inside transaction()',
  });
}

export function readingDialect(reader: Reader): Dialect {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      return toQueryResult<R>(reader.run(sql, parameters));
    },
    async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      for (const row of reader.iterate(sql, parameters)) yield { rows: [row as R] };
    },
  };
  return dialectOver({
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: refuseTransaction,
    commitTransaction: refuseTransaction,
    rollbackTransaction: refuseTransaction,
    releaseConnection: async () => {},
    destroy: async () => {},
  });
}

/** Whoever uses it holds the only place in the queue: there is one connection, and one transaction at a time. */
export function writingDialect(writer: Writer, onStep: (step: DatabaseStep) => void): Dialect {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      return toQueryResult<R>(await writer.run(sql, parameters));
    },
    async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      yield await connection.executeQuery<R>(query);
    },
  };
  return dialectOver({
    init: async () => {},
    acquireConnection: async () => connection,
    async beginTransaction() {
      await writer.begin();
      onStep('db.begin');
    },
    async commitTransaction() {
      onStep('db.before-commit');
      await writer.commit();
      onStep('db.after-commit');
    },
    async rollbackTransaction() {
      await writer.rollback();
    },
    releaseConnection: async () => {},
    destroy: async () => {},
  });
}
