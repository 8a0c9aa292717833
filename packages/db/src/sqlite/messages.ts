/** What goes between the main thread and the database worker. Answers come in the order of the calls. */
import type { SqliteFailure } from './failure.ts';
import type { StatementResult } from './statements.ts';

export type WorkerCall =
  | { readonly type: 'begin' }
  | { readonly type: 'run'; readonly sql: string; readonly params: readonly unknown[] }
  | { readonly type: 'commit' }
  /** Does nothing where SQLite has rolled back by itself. */
  | { readonly type: 'rollback' }
  | { readonly type: 'check' }
  /** Ends the worker after the answer. */
  | { readonly type: 'close' };

export type WorkerResult = StatementResult | { readonly problems: readonly string[] } | undefined;

export type WorkerAnswer =
  | { readonly ok: true; readonly result: WorkerResult }
  | { readonly ok: false; readonly failure: SqliteFailure };

export interface WorkerData {
  readonly path: string;
  /** False for a database that nobody will want again. */
  readonly isDurable: boolean;
  readonly busyTimeoutMs: number;
}
