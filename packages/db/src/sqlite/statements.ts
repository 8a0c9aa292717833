import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type Row = Record<string, unknown>;

/** What one statement gave. Counts are of interest only where no rows are asked for. */
export interface StatementResult {
  readonly rows: readonly Row[];
  readonly changes?: number;
  readonly lastInsertRowid?: number;
}

interface CachedStatement {
  readonly statement: StatementSync;
  readonly givesRows: boolean;
}

/** More than the rooms have different queries; the oldest leaves first. */
const CACHE_SIZE = 512;

/** Runs SQL over one connection and keeps what was compiled. */
export class Statements {
  readonly #connection: DatabaseSync;
  readonly #cache = new Map<string, CachedStatement>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  run(sql: string, params: readonly unknown[]): StatementResult {
    const { statement, givesRows } = this.#compile(sql);
    const values = params.map(toSqlValue);
    if (givesRows) return { rows: statement.all(...values).map(plainRow) };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
  }

  /** Row by row, over a statement of its own: a cached one could be started again by somebody else meanwhile. */
  *iterate(sql: string, params: readonly unknown[]): Generator<Row> {
    const statement = this.#connection.prepare(sql);
    for (const row of statement.iterate(...params.map(toSqlValue))) yield plainRow(row);
  }

  #compile(sql: string): CachedStatement {
    const known = this.#cache.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    const compiled = { statement, givesRows: statement.columns().length > 0 };
    if (this.#cache.size >= CACHE_SIZE) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    this.#cache.set(sql, compiled);
    return compiled;
  }
}

/** `node:sqlite` gives rows without a prototype, a worker's message gives them with one: callers see one kind. */
function plainRow(row: Row): Row {
  return { ...row };
}

/**
 * Truth values are stored as 1 and 0. Everything else that SQLite has no kind for is refused here:
 * `node:sqlite` would take an object in the first place for a list of named values, and store nothing.
 */
function toSqlValue(value: unknown): SQLInputValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    default:
      if (value === null || value instanceof Uint8Array) return value;
      throw new TypeError(
        `${describe(value)} is no value for SQLite: give milliseconds for a date, text for JSON`,
      );
  }
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? `An object (${value.constructor?.name})`
    : String(value);
}
