/** What goes between the main thread and the database worker. Answers come in the order of the calls. */
import type { SqliteFailure } from './failure.ts';
import type { StatementResult } from './statements.ts';

export interface ConnectionOptions {
  readonly path: string;
  /** @see Location.source */
  readonly source: string;
  /** False for a database that nobody will want again. */
  readonly isDurable: boolean;
  readonly busyTimeoutMs: number;
}

export type ConnectionCall =
  | ({ readonly type: 'open' } & ConnectionOptions)
  | { readonly type: 'begin' }
  | { readonly type: 'run'; readonly sql: string; readonly params: readonly unknown[] }
  | { readonly type: 'commit' }
  /** Does nothing where SQLite has rolled back by itself. */
  | { readonly type: 'rollback' }
  | { readonly type: 'check' }
  | { readonly type: 'close' };

export type WorkerCall =
  | (ConnectionCall & { readonly connection: number })
  /** Ends the worker, without an answer. */
  | { readonly type: 'end' };

export type WorkerResult = StatementResult | { readonly problems: readonly string[] } | undefined;

export type WorkerAnswer =
  | { readonly ok: true; readonly result: WorkerResult }
  | { readonly ok: false; readonly failure: SqliteFailure };
