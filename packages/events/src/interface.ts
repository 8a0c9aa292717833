/**
 * The contract of an event log: what happened, in order, for whoever wants to know, from any point on.
 *
 * Consumers keep the `seq` they have finished with ("cursor") next to their own data, in the same transaction as
 * what they did about it; then nothing is lost and nothing is done twice. Every implementation runs
 * `eventLogSuite` (testsuite.ts).
 *
 *     for await (const { seq, event } of log.follow({ after: cursor, signal })) { … }
 */
import type { EventRecord } from './events.ts';

export interface EventLog {
  /** Oldest first; fewer than `limit` (default 100) means "that is all for now". */
  read(options: { readonly after: number; readonly limit?: number }): Promise<readonly EventRecord[]>;

  /** What is there after `after`, then what comes, until aborted (ends without an error) or the log is closed. */
  follow(options: { readonly after: number; readonly signal?: AbortSignal }): AsyncIterable<EventRecord>;

  /** `seq` of the newest record; 0 while there is none. */
  head(): Promise<number>;
}
