import { randomUUID } from 'node:crypto';
import type { Database } from '@berth/db';
import { hasCode } from '@berth/errors';
import type { RepositoryName } from '@berth/oci';
import { type SelectQueryBuilder, sql } from 'kysely';
import { IndexError } from '../errors.ts';
import type { RepositoryRow, Tables } from '../schema.ts';
import type { Principal } from '../sessions/principal.ts';
import { defaultPrivacyOf } from './default-privacy.ts';
import { namespaceOf, seesPrivate } from './permissions.ts';
import { checkRepositoryName } from './repository-name.ts';

/** A repository as its people see it; tags and sizes are the registry's. */
export interface Repository {
  readonly id: string;
  /** The registry's id; `undefined` until the first push. */
  readonly registryId: string | undefined;
  readonly namespace: string;
  readonly name: string;
  readonly description: string;
  readonly fullDescription: string;
  readonly isPrivate: boolean;
  readonly createdAt: Date;
  /** Of the last push or change of its description or visibility. */
  readonly updatedAt: Date;
}

export type RepositoryOrder = 'name' | '-name' | 'last_updated' | '-last_updated';

export interface RepositoryListOptions {
  /** Whose eyes: public ones, one's own, and for administrators all. */
  readonly viewer: Principal | undefined;
  readonly namespace?: string | undefined;
  /** Part of the name. */
  readonly name?: string | undefined;
  readonly order: RepositoryOrder;
  readonly offset: number;
  readonly limit: number;
}

export interface NewRepository {
  readonly namespace: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly fullDescription?: string | undefined;
  readonly isPrivate?: boolean | undefined;
}

export interface RepositoriesOptions {
  readonly database: Database<Tables>;
  readonly defaultPrivacy: 'public' | 'private';
  /** Takes in what the registry has told since; awaited before every read. */
  readonly catchUp: () => Promise<void>;
}

export class Repositories {
  readonly #options: RepositoriesOptions;

  constructor(options: RepositoriesOptions) {
    this.#options = options;
  }

  /** @returns `undefined` where there is no such repository */
  async isPrivate(fullName: RepositoryName): Promise<boolean | undefined> {
    const namespace = namespaceOf(fullName);
    if (namespace === undefined) return undefined;
    return (await this.find(namespace, fullName.slice(namespace.length + 1)))?.isPrivate;
  }

  /** Whoever may see it or not; the caller decides. */
  async find(namespace: string, name: string): Promise<Repository | undefined> {
    await this.#options.catchUp();
    const row = await this.#options.database.read
      .selectFrom('repositories')
      .selectAll()
      .where('namespace', '=', namespace)
      .where('name', '=', name)
      .executeTakeFirst();
    return row === undefined ? undefined : repositoryOf(row);
  }

  async list(
    options: RepositoryListOptions,
  ): Promise<{ readonly count: number; readonly repositories: readonly Repository[] }> {
    await this.#options.catchUp();
    const visible = this.#visible(options);
    const { count } = await visible
      .select((query) => query.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const column = options.order.endsWith('name') ? 'name' : 'updated_at';
    const direction = options.order.startsWith('-') ? 'desc' : 'asc';
    const rows = await visible
      .selectAll()
      .orderBy(column, direction)
      .orderBy('id')
      .offset(options.offset)
      .limit(options.limit)
      .execute();
    return { count: Number(count), repositories: rows.map(repositoryOf) };
  }

  /**
   * Makes a repository before its first push, for instance to have it private from the start.
   *
   * @throws {IndexError} `REPOSITORY_NAME_INVALID`, `REPOSITORY_EXISTS`
   */
  async create(repository: NewRepository): Promise<Repository> {
    const { namespace, name } = repository;
    checkRepositoryName(namespace, name);
    const { database } = this.#options;
    const now = database.now().getTime();
    const id = randomUUID();
    try {
      await database.transaction(async (trx) => {
        const isPrivate = repository.isPrivate ?? (await defaultPrivacyOf(trx, namespace, this.#options));
        await trx
          .insertInto('repositories')
          .values({
            id,
            registry_id: null,
            namespace,
            name,
            description: repository.description ?? '',
            full_description: repository.fullDescription ?? '',
            is_private: isPrivate ? 1 : 0,
            created_at: now,
            updated_at: now,
          })
          .execute();
      });
    } catch (error) {
      if (!hasCode(error) || error.code !== 'DB_CONFLICT') throw error;
      throw new IndexError(
        'REPOSITORY_EXISTS',
        `Cannot create repository "${namespace}/${name}": it exists already`,
        { hint: 'choose another name, or change that one', detail: { field: 'name' } },
      );
    }
    return await this.#require(id);
  }

  /** Changes what is given; a changed visibility is told to those who follow the events. */
  async update(
    repository: Repository,
    change: {
      readonly description?: string | undefined;
      readonly fullDescription?: string | undefined;
      readonly isPrivate?: boolean | undefined;
    },
    options: { readonly actor: string },
  ): Promise<Repository> {
    const set = {
      ...(change.description === undefined ? {} : { description: change.description }),
      ...(change.fullDescription === undefined ? {} : { full_description: change.fullDescription }),
      ...(change.isPrivate === undefined ? {} : { is_private: change.isPrivate ? 1 : 0 }),
    };
    if (Object.keys(set).length > 0) {
      const { database } = this.#options;
      const updatedAt = database.now().getTime();
      await database.transaction(async (trx, emit) => {
        const before = await trx
          .selectFrom('repositories')
          .select(['is_private', 'registry_id'])
          .where('id', '=', repository.id)
          .executeTakeFirst();
        await trx
          .updateTable('repositories')
          .set({ ...set, updated_at: updatedAt })
          .where('id', '=', repository.id)
          .execute();
        if (before === undefined || before.registry_id === null || change.isPrivate === undefined) return;
        if ((before.is_private === 1) === change.isPrivate) return;
        await emit({
          type: 'repository.visibility',
          repositoryId: before.registry_id,
          repository: `${repository.namespace}/${repository.name}`,
          isPrivate: change.isPrivate,
          actor: options.actor,
        });
      });
    }
    return await this.#require(repository.id);
  }

  async #require(id: string): Promise<Repository> {
    const row = await this.#options.database.read
      .selectFrom('repositories')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row !== undefined) return repositoryOf(row);
    throw new IndexError('REPOSITORY_UNKNOWN', 'Cannot change the repository: it was deleted meanwhile', {
      hint: 'look at the list of repositories',
    });
  }

  #visible(options: RepositoryListOptions): SelectQueryBuilder<Tables, 'repositories', Record<never, never>> {
    const { viewer, namespace, name } = options;
    let query = this.#options.database.read.selectFrom('repositories');
    if (namespace !== undefined) query = query.where('namespace', '=', namespace);
    if (name !== undefined && name !== '') query = query.where(sql<boolean>`instr(name, ${name}) > 0`);
    if (viewer === undefined || !seesPrivate(viewer)) return query.where('is_private', '=', 0);
    if (viewer.user.isAdmin) return query;
    return query.where((where) =>
      where.or([where('is_private', '=', 0), where('namespace', '=', viewer.user.name)]),
    );
  }
}

function repositoryOf(row: RepositoryRow): Repository {
  return {
    id: row.id,
    registryId: row.registry_id ?? undefined,
    namespace: row.namespace,
    name: row.name,
    description: row.description,
    fullDescription: row.full_description,
    isPrivate: row.is_private === 1,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}
