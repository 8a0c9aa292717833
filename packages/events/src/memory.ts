import type { BerthEvent, EventRecord } from './events.ts';
import type { EventLog } from './interface.ts';
import { createWakeUp } from './wake-up.ts';

/** An event log that forgets everything at the end of the process. */
export interface MemoryEventLog extends EventLog, AsyncDisposable {
  append(...events: readonly BerthEvent[]): Promise<void>;
}

/** @param options.clock gives the time in milliseconds; default: the system's */
export function createMemoryEventLog(options: { readonly clock?: () => number } = {}): MemoryEventLog {
  const clock = options.clock ?? Date.now;
  const records: EventRecord[] = [];
  const news = createWakeUp();
  let last = 0;

  // `seq` is the place in the list plus one, so a read never searches.
  async function read({ after, limit = 100 }: { readonly after: number; readonly limit?: number }) {
    const from = Math.max(0, after);
    return records.slice(from, from + limit);
  }

  return {
    async append(...events) {
      for (const event of events) {
        last = Math.max(last, clock());
        records.push({ seq: records.length + 1, at: new Date(last), event });
      }
      if (events.length > 0) news.wake();
    },
    read,
    async *follow({ after, signal }) {
      let cursor = after;
      while (!signal?.aborted && !news.isClosed) {
        const page = await read({ after: cursor });
        for (const record of page) {
          if (signal?.aborted) return;
          cursor = record.seq;
          yield record;
        }
        // Nothing may be awaited between the check and the wait: an append in between would be missed.
        if (records.length <= cursor) await news.wait(signal === undefined ? {} : { signal });
      }
    },
    async head() {
      return records.length;
    },
    async [Symbol.asyncDispose]() {
      news[Symbol.dispose]();
    },
  };
}
