import type { Database } from '@berth/db';
import type { Digest, RepositoryName } from '@berth/oci';
import type { RegistryTables } from '../store/schema.ts';
import type { Page, RegistryQueries, RepositoryInfo, TagInfo } from './interface.ts';

/** Comes after every name of a namespace: `0` follows `/` in ASCII. */
const AFTER_SLASH = '0';
const LIMIT_MAX = 1000;

interface RepositoryRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tagCount: number;
}

interface TagRow {
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly images: string;
  readonly pushedAt: number;
  readonly pushedBy: string;
}

export function createQueries(database: Database<RegistryTables>): RegistryQueries {
  const repositories = () =>
    database.read
      .selectFrom('repository_names as n')
      .innerJoin('repositories as r', 'r.id', 'n.repository_id')
      .select([
        'r.id as id',
        'n.name as name',
        'r.created_at as createdAt',
        'r.updated_at as updatedAt',
        'r.tag_count as tagCount',
      ])
      .where('n.until', 'is', null);

  const tags = (repositoryId: string) =>
    database.read
      .selectFrom('tags as t')
      .innerJoin('manifests as m', 'm.digest', 't.digest')
      .innerJoin('repository_manifests as r', (join) =>
        join.onRef('r.repository_id', '=', 't.repository_id').onRef('r.digest', '=', 't.digest'),
      )
      .select([
        't.name as name',
        't.digest as digest',
        'r.media_type as mediaType',
        'm.image_size as size',
        'm.images as images',
        't.pushed_at as pushedAt',
        't.pushed_by as pushedBy',
      ])
      .where('t.repository_id', '=', repositoryId);

  return {
    async repository(by) {
      const query =
        'id' in by ? repositories().where('r.id', '=', by.id) : repositories().where('n.name', '=', by.name);
      const row = await query.executeTakeFirst();
      return row === undefined ? undefined : repositoryInfo(row);
    },

    async repositories(page) {
      let query = repositories()
        .where('n.name', '>', page.after ?? '')
        .orderBy('n.name')
        .limit(clampLimit(page));
      if (page.namespace !== undefined) {
        query = query
          .where('n.name', '>', `${page.namespace}/`)
          .where('n.name', '<', `${page.namespace}${AFTER_SLASH}`);
      }
      return (await query.execute()).map(repositoryInfo);
    },

    async tags(repositoryId, page) {
      const rows = await tags(repositoryId)
        .where('t.name', '>', page.after ?? '')
        .orderBy('t.name')
        .limit(clampLimit(page))
        .execute();
      return rows.map(tagInfo);
    },

    async tag(repositoryId, tag) {
      const row = await tags(repositoryId).where('t.name', '=', tag).executeTakeFirst();
      return row === undefined ? undefined : tagInfo(row);
    },
  };
}

function clampLimit(page: Page): number {
  return Math.max(1, Math.min(page.limit, LIMIT_MAX));
}

function repositoryInfo(row: RepositoryRow): RepositoryInfo {
  return {
    id: row.id,
    name: row.name as RepositoryName,
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
    tagCount: row.tagCount,
  };
}

function tagInfo(row: TagRow): TagInfo {
  return {
    name: row.name,
    digest: row.digest as Digest,
    mediaType: row.mediaType,
    size: row.size,
    images: JSON.parse(row.images),
    pushedAt: new Date(row.pushedAt),
    pushedBy: row.pushedBy,
  };
}
