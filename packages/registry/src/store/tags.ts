import type { Digest } from '@berth/oci';
import { touchRepository } from './repositories.ts';
import type { RepositoryRef, Writing } from './writes.ts';

/** Lets tags name a manifest that the repository has. A tag that names it already is left as it is. */
export async function moveTags(
  writing: Writing,
  repository: RepositoryRef,
  move: { readonly tags: readonly string[]; readonly digest: Digest },
): Promise<void> {
  const { trx, emit, now, actor } = writing;
  const { digest } = move;
  let added = 0;
  for (const tag of new Set(move.tags)) {
    const before = await trx
      .selectFrom('tags')
      .select('digest')
      .where('repository_id', '=', repository.id)
      .where('name', '=', tag)
      .executeTakeFirst();
    if (before?.digest === digest) continue;
    if (before === undefined) added += 1;
    await trx
      .insertInto('tags')
      .values({ repository_id: repository.id, name: tag, digest, pushed_at: now, pushed_by: actor })
      .onConflict((conflict) =>
        conflict.columns(['repository_id', 'name']).doUpdateSet({ digest, pushed_at: now, pushed_by: actor }),
      )
      .execute();
    await remember(writing, repository, { tag, digest });
    await emit({
      type: 'tag.moved',
      repositoryId: repository.id,
      repository: repository.name,
      tag,
      digest,
      ...(before === undefined ? {} : { previous: before.digest as Digest }),
      actor,
    });
  }
  await touchRepository(writing, { id: repository.id, tags: added });
}

/** @returns `false` where there is no such tag */
export async function deleteTag(writing: Writing, repository: RepositoryRef, tag: string): Promise<boolean> {
  const { trx } = writing;
  const before = await trx
    .selectFrom('tags')
    .select('digest')
    .where('repository_id', '=', repository.id)
    .where('name', '=', tag)
    .executeTakeFirst();
  if (before === undefined) return false;
  await removeTags(writing, repository, [{ tag, digest: before.digest as Digest }]);
  return true;
}

/** Takes away every tag that names this manifest. */
export async function deleteTagsOf(
  writing: Writing,
  repository: RepositoryRef,
  digest: Digest,
): Promise<void> {
  const rows = await writing.trx
    .selectFrom('tags')
    .select('name')
    .where('repository_id', '=', repository.id)
    .where('digest', '=', digest)
    .execute();
  await removeTags(
    writing,
    repository,
    rows.map((row) => ({ tag: row.name, digest })),
  );
}

async function removeTags(
  writing: Writing,
  repository: RepositoryRef,
  gone: readonly { readonly tag: string; readonly digest: Digest }[],
): Promise<void> {
  const { trx, emit, actor } = writing;
  for (const { tag, digest } of gone) {
    await trx.deleteFrom('tags').where('repository_id', '=', repository.id).where('name', '=', tag).execute();
    await remember(writing, repository, { tag, digest: null });
    await emit({
      type: 'tag.deleted',
      repositoryId: repository.id,
      repository: repository.name,
      tag,
      previous: digest,
      actor,
    });
  }
  await touchRepository(writing, { id: repository.id, tags: -gone.length });
}

async function remember(
  { trx, now, actor }: Writing,
  repository: RepositoryRef,
  entry: { readonly tag: string; readonly digest: Digest | null },
): Promise<void> {
  await trx
    .insertInto('tag_history')
    .values({ repository_id: repository.id, name: entry.tag, digest: entry.digest, at: now, actor })
    .execute();
}
