import type { Database } from '@berth/db';
import type { Digest } from '@berth/oci';
import { sql } from 'kysely';
import type { RowCache } from './row-cache.ts';
import type { RegistryTables } from './schema.ts';

export interface ManifestRow {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
}

export interface UploadRow {
  readonly id: string;
  readonly repository: string;
  readonly subject: string;
  readonly updatedAt: number;
}

/**
 * The reads that answer requests: each one prepared, each one a point or a page of an index. Names resolve in
 * the same query, so a request sees one state.
 */
export type RegistryReads = ReturnType<typeof createReads>;

export function createReads(database: Database<RegistryTables>, cache: RowCache) {
  const repository = database.prepare<{ name: string }, { id: string }>((query, param) =>
    query
      .selectFrom('repository_names')
      .select('repository_id as id')
      .where('name', '=', param('name'))
      .where('until', 'is', null),
  );

  const manifestByTag = database.prepare<{ name: string; tag: string }, ManifestRow>((query, param) =>
    query
      .selectFrom('repository_names as n')
      .innerJoin('tags as t', 't.repository_id', 'n.repository_id')
      .innerJoin('repository_manifests as m', (join) =>
        join.onRef('m.repository_id', '=', 't.repository_id').onRef('m.digest', '=', 't.digest'),
      )
      .select([sql<Digest>`t.digest`.as('digest'), 'm.media_type as mediaType', 'm.size as size'])
      .where('n.name', '=', param('name'))
      .where('n.until', 'is', null)
      .where('t.name', '=', param('tag')),
  );

  const manifestByDigest = database.prepare<{ name: string; digest: string }, ManifestRow>((query, param) =>
    query
      .selectFrom('repository_names as n')
      .innerJoin('repository_manifests as m', 'm.repository_id', 'n.repository_id')
      .select([sql<Digest>`m.digest`.as('digest'), 'm.media_type as mediaType', 'm.size as size'])
      .where('n.name', '=', param('name'))
      .where('n.until', 'is', null)
      .where('m.digest', '=', param('digest')),
  );

  const manifestBytes = database.prepare<{ digest: string }, { bytes: Uint8Array }>((query, param) =>
    query.selectFrom('manifests').select('bytes').where('digest', '=', param('digest')),
  );

  const blob = database.prepare<{ name: string; digest: string }, { size: number }>((query, param) =>
    query
      .selectFrom('repository_names as n')
      .innerJoin('repository_blobs as r', 'r.repository_id', 'n.repository_id')
      .innerJoin('blobs as b', 'b.digest', 'r.digest')
      .select('b.size as size')
      .where('n.name', '=', param('name'))
      .where('n.until', 'is', null)
      .where('r.digest', '=', param('digest')),
  );

  const holders = database.prepare<{ digest: string; limit: number }, { name: string }>((query, param) =>
    query
      .selectFrom('repository_blobs as r')
      .innerJoin('repository_names as n', 'n.repository_id', 'r.repository_id')
      .select('n.name as name')
      .where('r.digest', '=', param('digest'))
      .where('n.until', 'is', null)
      .limit(param('limit')),
  );

  const tagNames = database.prepare<{ id: string; after: string; limit: number }, { name: string }>(
    (query, param) =>
      query
        .selectFrom('tags')
        .select('name')
        .where('repository_id', '=', param('id'))
        .where('name', '>', param('after'))
        .orderBy('name')
        .limit(param('limit')),
  );

  const repositoryNames = database.prepare<{ after: string; limit: number }, { name: string }>(
    (query, param) =>
      query
        .selectFrom('repository_names')
        .select('name')
        .where('until', 'is', null)
        .where('name', '>', param('after'))
        .orderBy('name')
        .limit(param('limit')),
  );

  const upload = database.prepare<{ id: string }, UploadRow>((query, param) =>
    query
      .selectFrom('uploads')
      .select(['id', 'repository', 'subject', 'updated_at as updatedAt'])
      .where('id', '=', param('id')),
  );

  return {
    repositoryId: async (name: string): Promise<string | undefined> => (await repository({ name }))[0]?.id,
    manifestByTag: (name: string, tag: string): Promise<ManifestRow | undefined> =>
      cache.get(`t ${name}:${tag}`, async () => (await manifestByTag({ name, tag }))[0]),
    manifestByDigest: (name: string, digest: string): Promise<ManifestRow | undefined> =>
      cache.get(`d ${name}@${digest}`, async () => (await manifestByDigest({ name, digest }))[0]),
    manifestBytes: async (digest: string): Promise<Uint8Array | undefined> =>
      (await manifestBytes({ digest }))[0]?.bytes,
    blobSize: async (name: string, digest: string): Promise<number | undefined> =>
      (await blob({ name, digest }))[0]?.size,
    /** Some of the repositories that have a blob. */
    holders: async (digest: string, limit: number): Promise<readonly string[]> =>
      (await holders({ digest, limit })).map((row) => row.name),
    /** By bytes (ASCII), ascending. */
    tagNames: async (page: { id: string; after: string; limit: number }): Promise<readonly string[]> =>
      (await tagNames(page)).map((row) => row.name),
    /** By bytes (ASCII), ascending. */
    repositoryNames: async (page: { after: string; limit: number }): Promise<readonly string[]> =>
      (await repositoryNames(page)).map((row) => row.name),
    upload: async (id: string): Promise<UploadRow | undefined> => (await upload({ id }))[0],
  };
}
