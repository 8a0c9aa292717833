import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@berth/db';
import { isAbort } from '@berth/errors';
import type { BerthEvent, EventLog, EventRecord } from '@berth/events';
import type { Transaction } from 'kysely';
import type { Tables } from '../schema.ts';
import { defaultPrivacyOf } from './default-privacy.ts';
import { namespaceOf } from './permissions.ts';

const LOG = 'registry';
const BATCH = 200;
const RETRY_MS = 1000;

export interface RegistryFollowerOptions {
  readonly database: Database<Tables>;
  readonly events: EventLog;
  readonly defaultPrivacy: 'public' | 'private';
  /** A batch could not be taken in; it is tried again. */
  readonly onFault: (error: unknown, what: string) => void;
}

/**
 * Takes in what the registry tells: which repositories there are and when they last changed.
 *
 * The cursor is written in the transaction that does what the events ask for, so after a crash, or with two
 * processes at it, nothing is lost and nothing done twice.
 */
export class RegistryFollower implements AsyncDisposable {
  readonly #options: RegistryFollowerOptions;
  readonly #stop = new AbortController();
  #cursor: number;
  #draining: Promise<boolean> | undefined;
  #following: Promise<void> = Promise.resolve();

  private constructor(options: RegistryFollowerOptions, cursor: number) {
    this.#options = options;
    this.#cursor = cursor;
  }

  /** Is up to date when it resolves, and stays so. */
  static async start(options: RegistryFollowerOptions): Promise<RegistryFollower> {
    const row = await options.database.read
      .selectFrom('cursors')
      .select('seq')
      .where('log', '=', LOG)
      .executeTakeFirst();
    const cursor = row?.seq ?? 0;
    const isNewLog = (await options.events.head()) < cursor;
    if (isNewLog) await options.database.transaction((trx) => writeCursor(trx, 0));
    const follower = new RegistryFollower(options, isNewLog ? 0 : cursor);
    await follower.catchUp();
    follower.#following = follower.#follow();
    return follower;
  }

  /** Resolves when everything that the registry had told before the call is taken in. */
  async catchUp(): Promise<void> {
    const head = await this.#options.events.head();
    while (this.#cursor < head) {
      this.#draining ??= this.#drain().finally(() => {
        this.#draining = undefined;
      });
      if (!(await this.#draining)) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
    await this.#draining?.catch((error: unknown) => this.#options.onFault(error, 'follow the registry'));
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const { seq } of this.#options.events.follow({ after: this.#cursor, signal })) {
          if (seq > this.#cursor) await this.catchUp();
        }
        return;
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        this.#options.onFault(error, 'follow the registry');
        await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /** One batch. @returns false when there was nothing to take in */
  async #drain(): Promise<boolean> {
    const records = await this.#options.events.read({ after: this.#cursor, limit: BATCH });
    const last = records.at(-1);
    if (last === undefined) return false;
    this.#cursor = await this.#options.database.transaction(async (trx) => {
      const done = await readCursor(trx);
      for (const record of records) {
        if (record.seq > done) await this.#apply(trx, record);
      }
      if (last.seq > done) await writeCursor(trx, last.seq);
      return Math.max(done, last.seq);
    });
    return true;
  }

  async #apply(trx: Transaction<Tables>, { event, at }: EventRecord): Promise<void> {
    switch (event.type) {
      case 'repository.created':
        await this.#created(trx, event, at.getTime());
        return;
      case 'repository.deleted':
        await trx.deleteFrom('repositories').where('registry_id', '=', event.repositoryId).execute();
        return;
      case 'manifest.pushed':
      case 'manifest.deleted':
      case 'tag.moved':
      case 'tag.deleted':
        await trx
          .updateTable('repositories')
          .set({ updated_at: at.getTime() })
          .where('registry_id', '=', event.repositoryId)
          .execute();
        return;
      case 'user.created':
      case 'repository.visibility':
        return;
      default:
        event satisfies never;
    }
  }

  /** A repository that was made here before its first push keeps what was said of it. */
  async #created(
    trx: Transaction<Tables>,
    event: Extract<BerthEvent, { type: 'repository.created' }>,
    at: number,
  ): Promise<void> {
    const namespace = namespaceOf(event.repository);
    if (namespace === undefined) return;
    const isPrivate = await defaultPrivacyOf(trx, namespace, this.#options);
    await trx
      .insertInto('repositories')
      .values({
        id: randomUUID(),
        registry_id: event.repositoryId,
        namespace,
        name: event.repository.slice(namespace.length + 1),
        description: '',
        full_description: '',
        is_private: isPrivate ? 1 : 0,
        created_at: at,
        updated_at: at,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['namespace', 'name'])
          .doUpdateSet({ registry_id: event.repositoryId, updated_at: at }),
      )
      .execute();
  }
}

async function readCursor(trx: Transaction<Tables>): Promise<number> {
  const row = await trx.selectFrom('cursors').select('seq').where('log', '=', LOG).executeTakeFirst();
  return row?.seq ?? 0;
}

async function writeCursor(trx: Transaction<Tables>, seq: number): Promise<void> {
  await trx
    .insertInto('cursors')
    .values({ log: LOG, seq })
    .onConflict((conflict) => conflict.column('log').doUpdateSet({ seq }))
    .execute();
}
