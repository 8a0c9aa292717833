import { type BerthEvent, createWakeUp, type EventLog, type EventRecord } from '@berth/events';
import { sql, type Transaction } from 'kysely';
import type { Clock } from './clock.ts';
import type { Reader } from './reader.ts';

/** How late a follower may hear of what another process has written; its own process wakes it at once. */
const POLL_MS = 1000;

const SELECT_AFTER = 'SELECT seq, at, event FROM berth_outbox WHERE seq > ? ORDER BY seq LIMIT ?';
const SELECT_HEAD = 'SELECT coalesce(max(seq), 0) AS head FROM berth_outbox';
const SELECT_LAST_TIME = 'SELECT at FROM berth_outbox ORDER BY seq DESC LIMIT 1';

/** Time of the newest event in milliseconds; 0 where there is none. */
export function lastEventTime(reader: Reader): number {
  return Number(reader.run(SELECT_LAST_TIME, []).rows[0]?.at ?? 0);
}

/**
 * The event log over the table `berth_outbox`. One transaction writes at a time, in all processes, so the order
 * of `seq` is the order of the commits: who has read up to one number never misses a smaller one.
 */
export class Outbox implements EventLog, Disposable {
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #news = createWakeUp();

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  async append<Tables>(trx: Transaction<Tables>, events: readonly BerthEvent[]): Promise<void> {
    for (const event of events) {
      // The newest row may be of another process whose clock is ahead.
      const { rows } = await sql<{ at: number }>`
        INSERT INTO berth_outbox (at, event)
        VALUES (
          max(${this.#clock.nowMs()}, coalesce((SELECT at FROM berth_outbox ORDER BY seq DESC LIMIT 1), 0)),
          ${JSON.stringify(event)}
        ) RETURNING at`.execute(trx);
      this.#clock.saw(rows[0]?.at ?? 0);
    }
  }

  /** To be called after a commit that had events. */
  announce(): void {
    this.#news.wake();
  }

  async read(options: { readonly after: number; readonly limit?: number }): Promise<readonly EventRecord[]> {
    return this.#read(options);
  }

  async *follow(options: {
    readonly after: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<EventRecord> {
    const { signal } = options;
    let cursor = options.after;
    while (!signal?.aborted && !this.#news.isClosed) {
      const page = this.#read({ after: cursor });
      for (const record of page) {
        if (signal?.aborted) return;
        cursor = record.seq;
        yield record;
      }
      // The read above and this wait are in one turn, so no announcement falls between them.
      if (page.length === 0) {
        await this.#news.wait({ timeoutMs: POLL_MS, ...(signal === undefined ? {} : { signal }) });
      }
    }
  }

  async head(): Promise<number> {
    return Number(this.#reader.run(SELECT_HEAD, []).rows[0]?.head ?? 0);
  }

  [Symbol.dispose](): void {
    this.#news[Symbol.dispose]();
  }

  #read(options: { readonly after: number; readonly limit?: number }): readonly EventRecord[] {
    const { rows } = this.#reader.run(SELECT_AFTER, [options.after, options.limit ?? 100]);
    const records = rows.map((row) => ({
      seq: Number(row.seq),
      at: new Date(Number(row.at)),
      event: JSON.parse(String(row.event)) as BerthEvent,
    }));
    const newest = records.at(-1);
    if (newest !== undefined) this.#clock.saw(newest.at.getTime());
    return records;
  }
}
