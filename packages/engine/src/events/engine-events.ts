import type { ApiEvent } from '../api/types.ts';
import type { EngineDatabase } from '../database/open.ts';
import type { EngineEvents } from '../interface.ts';
import type { Emit } from '../parts.ts';
import { EventLogRows, type NumberedEvent } from './event-log.ts';
import { eventFilter } from './filters.ts';

/** As many as Docker keeps in memory; older ones are read from the log. */
const RING_SIZE = 256;

export interface OpenEvents extends EngineEvents, AsyncDisposable {
  readonly emit: Emit;
  /** How many follow now. */
  readonly listeners: number;
}

export async function openEvents(options: {
  readonly database: EngineDatabase;
  readonly onFault: (error: unknown, what: string) => void;
  readonly clock?: () => number;
}): Promise<OpenEvents> {
  const rows = new EventLogRows(options.database, options.onFault);
  return new Events(rows, { head: await rows.head(), clock: options.clock ?? Date.now });
}

/**
 * Those who follow keep no queue of their own but the number of the last event they were given: who is slow reads from
 * the ring or from the log, loses nothing, and costs no memory.
 */
class Events implements OpenEvents {
  readonly #rows: EventLogRows;
  readonly #clock: () => number;
  readonly #ring: NumberedEvent[] = [];
  readonly #closed = new AbortController();
  #head: number;
  #lastNano = 0;
  #listeners = 0;
  #news = Promise.withResolvers<void>();

  constructor(rows: EventLogRows, options: { readonly head: number; readonly clock: () => number }) {
    this.#rows = rows;
    this.#head = options.head;
    this.#clock = options.clock;
  }

  readonly emit: Emit = ({ Type, Action, Actor }) => {
    if (this.#closed.signal.aborted) return;
    // Nanoseconds are beyond 2^53: steps of a microsecond keep the order of events of one millisecond.
    const timeNano = Math.max(this.#clock() * 1_000_000, this.#lastNano + 1000);
    this.#lastNano = timeNano;
    const event: ApiEvent = {
      Type,
      Action,
      Actor,
      scope: 'local',
      time: Math.floor(timeNano / 1_000_000_000),
      timeNano,
    };
    this.#head += 1;
    const numbered = { seq: this.#head, event };
    this.#ring.push(numbered);
    if (this.#ring.length > RING_SIZE) this.#ring.shift();
    this.#rows.add(numbered);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  };

  get listeners(): number {
    return this.#listeners;
  }

  /** What happens after this call is not missed, however late the first event is asked for. */
  follow(options: Parameters<EngineEvents['follow']>[0]): AsyncIterable<ApiEvent> {
    const matches = eventFilter(options.filters);
    return this.#follow({ ...options, matches, after: options.since === undefined ? this.#head : 0 });
  }

  async *#follow(options: Follow): AsyncGenerator<ApiEvent, void, undefined> {
    const { since, until, matches } = options;
    let cursor = options.after;
    const ended = AbortSignal.any([
      this.#closed.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    using deadline = until === undefined ? undefined : new Deadline(until.getTime() - this.#clock());
    this.#listeners += 1;
    using _listener = { [Symbol.dispose]: () => this.#leave() };
    while (!ended.aborted) {
      const news = this.#news.promise;
      const page = await this.#page(cursor, since);
      for (const { seq, event } of page) {
        cursor = seq;
        const atMs = event.timeNano / 1_000_000;
        if (since !== undefined && atMs < since.getTime()) continue;
        if (until !== undefined && atMs > until.getTime()) return;
        if (matches(event)) yield event;
        if (ended.aborted) return;
      }
      if (page.length > 0) continue;
      if (deadline?.isOver === true) return;
      await waitForAny([news, ...(deadline === undefined ? [] : [deadline.over])], ended);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#rows.flush();
  }

  #leave(): void {
    this.#listeners -= 1;
  }

  async #page(after: number, since: Date | undefined): Promise<readonly NumberedEvent[]> {
    if (after >= this.#head) return [];
    const oldest = this.#ring[0]?.seq ?? Number.POSITIVE_INFINITY;
    if (after + 1 >= oldest) return this.#ring.slice(after + 1 - oldest);
    const page = await this.#rows.read({ after, ...(since === undefined ? {} : { since }) });
    return page.length > 0 ? page : this.#ring.filter(({ seq }) => seq > after);
  }
}

type Follow = Parameters<EngineEvents['follow']>[0] & {
  readonly matches: (event: ApiEvent) => boolean;
  readonly after: number;
};

/** setTimeout takes at most 2^31−1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;

class Deadline implements Disposable {
  readonly over: Promise<void>;
  isOver: boolean;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.isOver = ms <= 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    if (this.isOver) resolve();
    else if (ms <= LONGEST_TIMER_MS) {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        resolve();
      }, ms);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

async function waitForAny(promises: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (!signal.aborted) await Promise.race([...promises, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
