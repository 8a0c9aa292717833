import type { BerthEvent, EventLog } from '@berth/events';
import { type Compilable, Kysely, type Transaction } from 'kysely';
import type { Database, OpenDatabaseOptions, Param } from '../interface.ts';
import { bindPlaceholders, placeholder } from '../placeholders.ts';
import { FairQueue } from '../queue.ts';
import { Clock } from './clock.ts';
import { readingDialect, writingDialect } from './dialect.ts';
import { locate } from './location.ts';
import { assertKnownVersion, assertMigrations, migrate, schemaVersion } from './migrate.ts';
import { lastEventTime, Outbox } from './outbox.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

const BUSY_TIMEOUT_MS = 5000;

interface Parts<Tables> {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly read: Kysely<Tables>;
  readonly write: Kysely<Tables>;
  /** Everything above, to be closed in the right order. */
  readonly stack: AsyncDisposableStack;
}

class SqliteDatabase<Tables> implements Database<Tables> {
  readonly dialect = 'sqlite';
  readonly read: Kysely<Tables>;
  readonly events: EventLog;
  readonly #parts: Parts<Tables>;
  readonly #queue = new FairQueue();
  #closing: Promise<void> | undefined;

  constructor(parts: Parts<Tables>) {
    this.#parts = parts;
    this.read = parts.read;
    this.events = parts.outbox;
  }

  prepare<P extends Record<string, unknown>, R>(
    build: (query: Kysely<Tables>, param: Param<P>) => Compilable<R>,
  ): (params: P) => Promise<readonly R[]> {
    const { sql, parameters } = build(this.read, placeholder<P>()).compile();
    const bind = bindPlaceholders(parameters);
    const { reader } = this.#parts;
    return async (params) => reader.run(sql, bind(params)).rows as readonly R[];
  }

  async transaction<T>(
    work: (trx: Transaction<Tables>, emit: (...events: readonly BerthEvent[]) => Promise<void>) => Promise<T>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const { outbox, write } = this.#parts;
    let hasEvents = false;
    await this.#queue.enter(options);
    try {
      const result = await write.transaction().execute(async (trx) => {
        const given = await work(trx, async (...events) => {
          hasEvents ||= events.length > 0;
          await outbox.append(trx, events);
        });
        options.signal?.throwIfAborted();
        return given;
      });
      if (hasEvents) outbox.announce();
      return result;
    } finally {
      this.#queue.leave();
    }
  }

  now(): Date {
    return new Date(this.#parts.clock.nowMs());
  }

  integrityCheck(): Promise<readonly string[]> {
    return this.#parts.writer.check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= (async () => {
      await this.#queue.close();
      await this.#parts.stack.disposeAsync();
    })();
    await this.#closing;
  }
}

export async function openSqlite<Tables>(options: OpenDatabaseOptions<Tables>): Promise<Database<Tables>> {
  const { url, migrations, onStep = () => {} } = options;
  assertMigrations(migrations);
  await using stack = new AsyncDisposableStack();
  const location = stack.use(await locate(url, options));
  const { path, source, isDurable } = location;
  // The writer closes last: it takes the log into the database, which a connection that only reads cannot do.
  const writer = stack.use(
    await Writer.open(
      { path, source, isDurable, busyTimeoutMs: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS },
      options.thread,
    ),
  );
  const reader = stack.use(new Reader(location));
  const from = schemaVersion(reader);
  assertKnownVersion(from, { known: migrations.length, path });
  const write = new Kysely<Tables>({ dialect: writingDialect(writer, onStep) });
  await migrate(write, { from, migrations, path });
  const clock = new Clock(options.clock ?? Date.now);
  clock.saw(lastEventTime(reader));
  const outbox = stack.use(new Outbox(reader, clock));
  const read = new Kysely<Tables>({ dialect: readingDialect(reader) });
  return new SqliteDatabase({ reader, writer, outbox, clock, read, write, stack: stack.move() });
}
