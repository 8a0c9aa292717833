import type { ApiEvent } from '../api/types.ts';
import type { EngineDatabase } from '../database/open.ts';

/** An event with its place in the order of all events. */
export interface NumberedEvent {
  readonly seq: number;
  readonly event: ApiEvent;
}

const WRITE_AFTER_MS = 50;
const TRIM_EVERY = 1000;
export const EVENTS_KEPT = 20_000;
const PAGE = 200;

/**
 * The rows of what happened. Written in batches, a moment after: an engine that is killed may lose the last events from the
 * log (what they tell of is in other rows), and nobody waits for a disk because something was told.
 */
export class EventLogRows {
  readonly #database: EngineDatabase;
  readonly #onFault: (error: unknown, what: string) => void;
  #waiting: NumberedEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #sinceTrim = TRIM_EVERY - 1;

  constructor(database: EngineDatabase, onFault: (error: unknown, what: string) => void) {
    this.#database = database;
    this.#onFault = onFault;
  }

  /** The number of the newest row; 0 while there is none. */
  async head(): Promise<number> {
    const row = await this.#database.read
      .selectFrom('events')
      .select((row) => row.fn.max('seq').as('seq'))
      .executeTakeFirst();
    return Number(row?.seq ?? 0);
  }

  add(event: NumberedEvent): void {
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref();
  }

  /** Resolves when all that was added is in the log. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#waiting;
    this.#waiting = [];
    if (events.length > 0) this.#writing = this.#writing.then(() => this.#write(events));
    return this.#writing;
  }

  /** One page, in order, from those after `after` that are not older than `since`. */
  async read(options: { readonly after: number; readonly since?: Date }): Promise<readonly NumberedEvent[]> {
    await this.flush();
    let query = this.#database.read
      .selectFrom('events')
      .select(['seq', 'event'])
      .where('seq', '>', options.after)
      .orderBy('seq')
      .limit(PAGE);
    if (options.since !== undefined) query = query.where('at', '>=', options.since.getTime());
    const rows = await query.execute();
    return rows.map(({ seq, event }) => ({ seq, event: JSON.parse(event) as ApiEvent }));
  }

  async #write(events: readonly NumberedEvent[]): Promise<void> {
    this.#sinceTrim += events.length;
    const newest = events.at(-1)?.seq ?? 0;
    const isTrimDue = this.#sinceTrim >= TRIM_EVERY;
    try {
      await this.#database.transaction(async (trx) => {
        for (const { seq, event } of events) {
          const at = Math.floor(event.timeNano / 1_000_000);
          await trx
            .insertInto('events')
            .values({ seq, at, event: JSON.stringify(event) })
            .execute();
        }
        if (isTrimDue) {
          await trx
            .deleteFrom('events')
            .where('seq', '<=', newest - EVENTS_KEPT)
            .execute();
        }
      });
      if (isTrimDue) this.#sinceTrim = 0;
    } catch (error) {
      this.#onFault(error, 'event log');
    }
  }
}
