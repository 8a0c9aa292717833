import type { BlobStore } from '@berth/content';
import { type Digest, Digester, digestAlgorithm, digestBytes } from '@berth/oci';
import type { RegistryStore } from '../store/registry-store.ts';
import { abortIngest } from '../uploads/sweep-uploads.ts';
import { removeOrphanedBlob } from './remove-orphan.ts';
import type { CheckFinding, CheckOptions, CheckReport } from './report.ts';

const BATCH = 500;
const SYSTEM = { actor: 'system' } as const;

interface CheckContext {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly options: CheckOptions;
  readonly report: (finding: CheckFinding) => void;
}

/**
 * Compares rows with bytes, both ways, in pages; may run beside requests and beside another process. What is
 * pushed or deleted meanwhile is looked at again before it is called a fault.
 */
export async function checkRegistry(base: {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly options: CheckOptions;
}): Promise<CheckReport> {
  const findings: CheckFinding[] = [];
  const context: CheckContext = { ...base, report: (finding) => findings.push(finding) };
  const blobs = await checkBlobs(context);
  const manifests = await checkManifests(context);
  await checkLinks(context);
  await checkTags(context);
  await checkOrphans(context);
  const { read } = base.store.database;
  const count = async (table: 'tags' | 'uploads' | 'repositories'): Promise<number> => {
    const row = await read
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  };
  return {
    findings,
    counts: {
      repositories: await count('repositories'),
      tags: await count('tags'),
      uploads: await count('uploads'),
      manifests: manifests.count,
      blobs: blobs.count,
      bytes: blobs.bytes,
      bytesRead: blobs.bytesRead + manifests.bytesRead,
    },
  };
}

async function checkBlobs(
  context: CheckContext,
): Promise<{ readonly count: number; readonly bytes: number; readonly bytesRead: number }> {
  const { store, options, report } = context;
  let count = 0;
  let bytes = 0;
  let bytesRead = 0;
  let after = '';
  for (;;) {
    const rows = await store.database.read
      .selectFrom('blobs')
      .select(['digest', 'size'])
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(BATCH)
      .execute();
    if (rows.length === 0) return { count, bytes, bytesRead };
    for (const { digest: text, size } of rows) {
      options.signal?.throwIfAborted();
      const digest = text as Digest;
      count += 1;
      bytes += size;
      const info = await context.blobs.stat(digest);
      if (info === undefined) report({ kind: 'blob.missing', digest });
      else if (info.size !== size) report({ kind: 'blob.size', digest, expected: size, actual: info.size });
      else if (options.deep === true) bytesRead += await hashBlob(context, digest);
    }
    after = rows.at(-1)?.digest ?? after;
  }
}

async function hashBlob(context: CheckContext, digest: Digest): Promise<number> {
  const { signal } = context.options;
  await using reader = await context.blobs.open(digest);
  if (reader === undefined) {
    context.report({ kind: 'blob.missing', digest });
    return 0;
  }
  const digester = new Digester(digestAlgorithm(digest));
  for await (const chunk of reader.stream(signal === undefined ? {} : { signal })) digester.update(chunk);
  const actual = digester.digest();
  if (actual !== digest) context.report({ kind: 'blob.damaged', digest, actual });
  return reader.size;
}

async function checkManifests(
  context: CheckContext,
): Promise<{ readonly count: number; readonly bytesRead: number }> {
  const { store, options, report } = context;
  let count = 0;
  let bytesRead = 0;
  let after = '';
  for (;;) {
    const rows = await store.database.read
      .selectFrom('manifests')
      .select('digest')
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(BATCH)
      .execute();
    if (rows.length === 0) return { count, bytesRead };
    count += rows.length;
    after = rows.at(-1)?.digest ?? after;
    if (options.deep !== true) continue;
    for (const { digest: text } of rows) {
      options.signal?.throwIfAborted();
      const digest = text as Digest;
      const bytes = await store.reads.manifestBytes(digest);
      if (bytes === undefined) continue;
      bytesRead += bytes.byteLength;
      const actual = digestBytes(bytes, digestAlgorithm(digest));
      if (actual !== digest) report({ kind: 'manifest.damaged', digest, actual });
    }
  }
}

/**
 * A manifest of a repository whose blob has no row at all, or whose child is no manifest any more. A blob that was
 * deleted from the repository alone is no fault: the client asked for it.
 */
async function checkLinks({ store, options, report }: CheckContext): Promise<void> {
  const rows = await store.database.read
    .selectFrom('manifest_links as l')
    .innerJoin('repository_manifests as r', 'r.digest', 'l.manifest')
    .innerJoin('repository_names as n', 'n.repository_id', 'r.repository_id')
    .leftJoin('blobs as b', (join) => join.onRef('b.digest', '=', 'l.digest').on('l.kind', '=', 'blob'))
    .leftJoin('manifests as m', (join) =>
      join.onRef('m.digest', '=', 'l.digest').on('l.kind', '=', 'manifest'),
    )
    .select(['n.name as repository', 'l.manifest as digest', 'l.digest as missing'])
    .where('n.until', 'is', null)
    .where('b.digest', 'is', null)
    .where('m.digest', 'is', null)
    .limit(10_000)
    .execute();
  options.signal?.throwIfAborted();
  for (const { repository, digest, missing } of rows) {
    report({ kind: 'manifest.incomplete', repository, digest: digest as Digest, missing: missing as Digest });
  }
}

async function checkTags({ store, options, report }: CheckContext): Promise<void> {
  const rows = await store.database.read
    .selectFrom('tags as t')
    .leftJoin('repository_manifests as m', (join) =>
      join.onRef('m.repository_id', '=', 't.repository_id').onRef('m.digest', '=', 't.digest'),
    )
    .leftJoin('repository_names as n', (join) =>
      join.onRef('n.repository_id', '=', 't.repository_id').on('n.until', 'is', null),
    )
    .select(['n.name as repository', 't.name as tag', 't.digest as digest', 't.repository_id as id'])
    .where('m.digest', 'is', null)
    .limit(10_000)
    .execute();
  options.signal?.throwIfAborted();
  for (const { repository, tag, digest, id } of rows) {
    report({ kind: 'tag.dangling', repository: repository ?? id, tag, digest: digest as Digest });
  }
}

async function checkOrphans(context: CheckContext): Promise<void> {
  const { store, blobs, options, report } = context;
  for await (const { digest, size } of blobs.list()) {
    options.signal?.throwIfAborted();
    const state = await removeOrphanedBlob({ store, blobs, digest, isDryRun: options.repair !== true });
    if (state !== 'known') report({ kind: 'blob.orphan', digest, size, removed: state === 'removed' });
  }
  for await (const { id, offset } of blobs.listIngests()) {
    options.signal?.throwIfAborted();
    if ((await store.reads.upload(id)) !== undefined) continue;
    // In a transaction, so that no session of this id can begin meanwhile.
    const removed =
      options.repair === true &&
      (await store.write(async ({ trx }) => {
        const row = await trx.selectFrom('uploads').select('id').where('id', '=', id).executeTakeFirst();
        return row === undefined && (await abortIngest(blobs, id));
      }, SYSTEM));
    report({ kind: 'staging.orphan', id, size: offset, removed });
  }
}
