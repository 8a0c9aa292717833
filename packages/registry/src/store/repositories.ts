import { randomUUID } from 'node:crypto';
import type { RepositoryRef, Writing } from './writes.ts';

/** Gives the repository of this name, and begins it when there is none. */
export async function ensureRepository(writing: Writing, name: string): Promise<RepositoryRef> {
  const { trx, emit, now, actor } = writing;
  const known = await findRepository(writing, name);
  if (known !== undefined) return known;
  const id = randomUUID();
  await trx
    .insertInto('repositories')
    .values({ id, created_at: now, updated_at: now, tag_count: 0 })
    .execute();
  await trx
    .insertInto('repository_names')
    .values({ name, repository_id: id, since: now, until: null })
    .execute();
  await emit({ type: 'repository.created', repositoryId: id, repository: name, actor });
  return { id, name };
}

export async function findRepository({ trx }: Writing, name: string): Promise<RepositoryRef | undefined> {
  const row = await trx
    .selectFrom('repository_names')
    .select('repository_id as id')
    .where('name', '=', name)
    .where('until', 'is', null)
    .executeTakeFirst();
  return row === undefined ? undefined : { id: row.id, name };
}

export async function touchRepository(
  { trx, now }: Writing,
  options: { id: string; tags: number },
): Promise<void> {
  await trx
    .updateTable('repositories')
    .set((eb) => ({ updated_at: now, tag_count: eb('tag_count', '+', options.tags) }))
    .where('id', '=', options.id)
    .execute();
}
