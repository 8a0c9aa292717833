import type { Engine } from '../../interface.ts';

/** What every endpoint may use. */
export interface Services {
  readonly engine: Engine;
  /** Ends when the server does. */
  readonly signal: AbortSignal;
  readonly onFault: (error: unknown, what: string) => void;
}
