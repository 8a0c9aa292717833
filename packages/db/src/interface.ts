/**
 * The one door to a database.
 *
 * Terms
 * - *read*: sees the last committed state. Point reads and indexed pages only: on SQLite they run on the calling
 *   thread (5 µs each), so a scan would stop everything else.
 * - *transaction*: all writes. On SQLite they run in the database worker, one after another, and are durable
 *   (synced) when the promise resolves.
 * - *migration*: one numbered step of the schema; each room owns its own list and its own database.
 *
 * Example
 *
 *     await using db = await openDatabase<Tables>({ url: 'sqlite:/data/registry.db', migrations });
 *     const tag = db.prepare((query, param: Param<{ name: string }>) =>
 *       query.selectFrom('tags').select('digest').where('name', '=', param('name')),
 *     );
 *     const [row] = await tag({ name: 'latest' });
 *     await db.transaction(async (trx) => { await trx.insertInto('tags').values(…).execute(); });
 */
import type { BerthEvent, EventLog } from '@berth/events';
import type { Compilable, Kysely, Transaction } from 'kysely';
import type { DatabaseThread } from './sqlite/database-thread.ts';

/** The points of a transaction at which a crash leaves something different behind. */
export const DATABASE_STEPS = ['db.begin', 'db.before-commit', 'db.after-commit'] as const;

export type DatabaseStep = (typeof DATABASE_STEPS)[number];

export interface Migration<Tables> {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  readonly name: string;
  up(trx: Transaction<Tables>): Promise<void>;
}

export interface OpenDatabaseOptions<Tables> {
  /** `sqlite:/absolute/path.db` or `sqlite::memory:`. */
  readonly url: string;
  readonly migrations: readonly Migration<Tables>[];
  /** Called at each of `DATABASE_STEPS`; for crash tests and traces. */
  readonly onStep?: (step: DatabaseStep) => void;
  /** Writes, for this database and for others that are given the same; one of its own when left out. */
  readonly thread?: DatabaseThread;
  /** How long a transaction waits for the write lock of another process: then `DB_BUSY`. Default 5000. */
  readonly busyTimeoutMs?: number;
  /**
   * For a database that one process at a time opens: what others need to know of the log is kept in memory and not in a file (`-shm`).
   * SQLite maps that file, and where a file system writes each page to a new place (btrfs) a full disk then kills the process (SIGBUS).
   * Another process gets `DB_BUSY` for as long as this one has it open. All that this process opens it for say the same.
   */
  readonly isExclusive?: boolean;
  /** The time in milliseconds; default: the system's. For tests of a clock that goes backwards. */
  readonly clock?: () => number;
}

/** A placeholder in a prepared query: `where('name', '=', p('name'))`. */
export type Param<P> = <K extends keyof P & string>(name: K) => P[K];

export interface Database<Tables> extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres';

  /** For reads alone; a write through it fails with `DB_READ_ONLY`. */
  readonly read: Kysely<Tables>;

  /** Compiles a read once; the result runs it for given values, without building SQL again. */
  prepare<P extends Record<string, unknown>, R>(
    build: (query: Kysely<Tables>, param: Param<P>) => Compilable<R>,
  ): (params: P) => Promise<readonly R[]>;

  /**
   * Runs `work` in one transaction and commits it durably; rolls back when it throws. `work` must only wait for
   * the transaction itself: everybody else's writes wait meanwhile. Events given to `emit` are written in the
   * same transaction and wake those who follow the log.
   *
   * @throws {DatabaseError} `DB_FULL`, `DB_BUSY`, `DB_CONFLICT` (unique key), `DB_CLOSED`
   */
  transaction<T>(
    work: (trx: Transaction<Tables>, emit: (...events: readonly BerthEvent[]) => Promise<void>) => Promise<T>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<T>;

  /** The outbox: every event that was emitted, in commit order. */
  readonly events: EventLog;

  /**
   * Reads the whole file and looks for damage and for rows that refer to nothing. Takes long on a large database
   * and keeps this process's transactions waiting;
   * it cannot be stopped.
   *
   * @returns one sentence per problem, at most a few hundred; empty when the database is sound
   */
  integrityCheck(): Promise<readonly string[]>;

  /** A moment that is never earlier than any event or any moment given out before. */
  now(): Date;
}
