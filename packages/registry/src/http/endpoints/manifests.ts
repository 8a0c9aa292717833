import { parseTag, type RepositoryName } from '@berth/oci';
import { RegistryError } from '../../errors.ts';
import type { ManifestBody } from '../../manifests/manifest-cache.ts';
import { etagOf, isNotModified } from '../conditional.ts';
import { COMMON_HEADERS, type Exchange } from '../exchange.ts';
import { readBody } from '../request-body.ts';
import { type ManifestReference, readReference } from '../route.ts';
import { manifestLocation, type Services } from '../services.ts';

interface Target {
  readonly name: RepositoryName;
  readonly reference: string;
}

/**
 * `GET` and `HEAD`. A manifest of a type that `Accept` does not name is served all the same: there is only this
 * one, and clients that send no or a short `Accept` can still read it.
 */
export async function getManifest(services: Services, exchange: Exchange, target: Target): Promise<void> {
  const { name } = target;
  const { reads, epoch } = services.store;
  const { tag, digest } = readReference(target.reference);
  const row = await (tag === undefined
    ? reads.manifestByDigest(name, digest)
    : reads.manifestByTag(name, tag));
  if (row === undefined) throw manifestUnknown(target);
  const etag = etagOf(row.digest);
  const headers = {
    'content-type': row.mediaType,
    'docker-content-digest': row.digest,
    etag,
    // A tag may move at any time; what a digest names never changes, but who may read it can.
    'cache-control': tag === undefined ? 'private, max-age=31536000, immutable' : 'no-cache',
  };
  if (isNotModified(exchange.req.headers['if-none-match'], etag)) {
    exchange.send(304, headers);
  } else if (exchange.method === 'HEAD') {
    exchange.send(200, { ...headers, 'content-length': row.size });
  } else {
    const body = await services.manifests.body(row.digest);
    if (body === undefined) throw manifestUnknown(target);
    remember(services, exchange, { headers, body, epoch });
    exchange.send(200, headers, body, 'latin1');
  }
}

/** Keeps the answer for the next who asks exactly this; `epoch` is that of before the first read. */
function remember(
  { known, store }: Services,
  { req, subject, validUntilMs }: Exchange,
  answer: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: ManifestBody;
    readonly epoch: number | undefined;
  },
): void {
  const { body, epoch } = answer;
  const { authorization } = req.headers;
  if (typeof body !== 'string' || epoch === undefined || epoch !== store.epoch) return;
  if (subject === undefined || validUntilMs === undefined || authorization === undefined) return;
  const headers = { ...COMMON_HEADERS, 'content-length': String(body.length), ...answer.headers };
  const flat = Object.entries(headers).flat();
  known.remember(req.url ?? '', { authorization, subject, validUntilMs, epoch, headers: flat, body });
}

/** `PUT` by tag, by digest, or by digest with tags in the query. */
export async function putManifest(services: Services, exchange: Exchange, target: Target): Promise<void> {
  const { limits } = services;
  const { name } = target;
  const reference = readReference(target.reference);
  const tags = readTags(exchange, reference, limits.tagsPerPush);
  const bytes = await readBody(exchange, {
    idleMs: limits.idleTimeoutMs,
    maxSizeBytes: limits.manifestMaxSizeBytes,
    what: 'manifest',
  });
  const { digest, subject } = await services.manifests.put({
    repository: name,
    bytes,
    contentType: exchange.req.headers['content-type'],
    digest: reference.digest,
    tags,
    actor: exchange.subject ?? '',
  });
  exchange.send(201, {
    location: manifestLocation(name, digest),
    'docker-content-digest': digest,
    ...(subject === undefined ? {} : { 'oci-subject': subject }),
    ...(reference.digest === undefined || tags.length === 0 ? {} : { 'oci-tag': tags.join(', ') }),
  });
}

/** `DELETE` of a tag, or of a manifest with every tag that names it. */
export async function deleteManifest(services: Services, exchange: Exchange, target: Target): Promise<void> {
  const { tag, digest } = readReference(target.reference);
  const options = { actor: exchange.subject ?? '' };
  const isDeleted =
    tag === undefined
      ? await services.manifests.delete(target.name, digest, options)
      : await services.manifests.deleteTag(target.name, tag, options);
  if (!isDeleted) throw manifestUnknown(target);
  exchange.send(202, {});
}

function readTags(exchange: Exchange, reference: ManifestReference, most: number): readonly string[] {
  if (reference.tag !== undefined) return [reference.tag];
  const tags = [...new Set(exchange.query.getAll('tag').map(parseTag))];
  if (tags.length <= most) return tags;
  throw new RegistryError('TOO_LARGE', `Cannot push ${tags.length} tags at once: at most ${most} are taken`, {
    hint: 'Push the manifest once more with the rest of the tags',
    detail: { tags: tags.length, most },
  });
}

function manifestUnknown({ name, reference }: Target): RegistryError {
  const isDigest = reference.includes(':');
  return new RegistryError(
    'MANIFEST_UNKNOWN',
    `Cannot find ${isDigest ? 'manifest' : 'tag'} "${reference}" in repository "${name}"`,
    { hint: `List the tags with GET /v2/${name}/tags/list`, detail: { name, reference } },
  );
}
