import { DatabaseSync } from 'node:sqlite';
import { DatabaseError } from '../errors.ts';
import { toDatabaseError, toFailure } from './failure.ts';
import type { Location } from './location.ts';
import { type Row, type StatementResult, Statements } from './statements.ts';

/**
 * The connection that reads, on the calling thread: a point read takes a few microseconds there, and would take
 * ten times that by message. It cannot write. It waits for nobody: in a write-ahead log readers never wait.
 */
export class Reader implements Disposable {
  readonly #path: string;
  readonly #connection: DatabaseSync;
  readonly #statements: Statements;

  constructor({ path, source, isExclusive }: Pick<Location, 'path' | 'source' | 'isExclusive'>) {
    this.#path = path;
    try {
      // NOTE: a file opened for reading has a lock for reading, which takes the place of the lock by which the process keeps others out.
      this.#connection = new DatabaseSync(source, { readOnly: !isExclusive, timeout: 1000 });
      this.#connection.exec('PRAGMA query_only = ON');
    } catch (error) {
      throw toDatabaseError(toFailure(error), `open the database "${path}"`);
    }
    this.#statements = new Statements(this.#connection);
  }

  run(sql: string, params: readonly unknown[]): StatementResult {
    this.#assertOpen();
    try {
      return this.#statements.run(sql, params);
    } catch (error) {
      throw toDatabaseError(toFailure(error), `read from "${this.#path}"`);
    }
  }

  *iterate(sql: string, params: readonly unknown[]): Generator<Row> {
    this.#assertOpen();
    try {
      yield* this.#statements.iterate(sql, params);
    } catch (error) {
      throw toDatabaseError(toFailure(error), `read from "${this.#path}"`);
    }
  }

  [Symbol.dispose](): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  #assertOpen(): void {
    if (this.#connection.isOpen) return;
    throw new DatabaseError('DB_CLOSED', `Cannot read from "${this.#path}": the database is closed`);
  }
}
