import { type Digest, isRepositoryName, parseDigest, type RepositoryName } from '@berth/oci';
import { RegistryError } from '../../errors.ts';
import { linkKnownBlob } from '../../store/blobs.ts';
import type { UploadRow } from '../../store/reads.ts';
import { ensureRepository } from '../../store/repositories.ts';
import type { Part } from '../../uploads/upload-sessions.ts';
import { parseContentRange } from '../byte-range.ts';
import type { Exchange } from '../exchange.ts';
import { requestBody } from '../request-body.ts';
import { blobLocation, type Services, uploadLocation } from '../services.ts';

/** How many repositories are tried when a mount names none. */
const HOLDERS_TRIED = 20;

/** `POST …/blobs/uploads/`: begins a session, takes a whole blob (`?digest=`), or mounts one (`?mount=`). */
export async function startUpload(
  services: Services,
  exchange: Exchange,
  name: RepositoryName,
): Promise<void> {
  const { query } = exchange;
  const subject = exchange.subject ?? '';
  const algorithm = query.get('digest-algorithm');
  if (algorithm !== null && algorithm !== 'sha256' && algorithm !== 'sha512')
    throw unknownAlgorithm(algorithm);
  const mount = query.get('mount');
  if (mount !== null) {
    const digest = parseDigest(mount);
    if (await mountBlob(services, exchange, { name, digest, from: query.get('from') })) {
      exchange.send(201, { location: blobLocation(name, digest), 'docker-content-digest': digest });
      return;
    }
  }
  const whole = query.get('digest');
  if (whole !== null && exchange.hasBody) {
    const digest = parseDigest(whole);
    await services.uploads.whole({ repository: name, subject, digest }, bodyPart(services, exchange));
    exchange.send(201, { location: blobLocation(name, digest), 'docker-content-digest': digest });
    return;
  }
  const row = await services.uploads.start({ repository: name, subject });
  exchange.send(202, sessionHeaders(name, row, 0));
}

/** `PATCH`: one chunk with `Content-Range`, or a stream of unknown length without. */
export async function appendUpload(services: Services, exchange: Exchange, session: Session): Promise<void> {
  const { name, row } = session;
  const offset = await withPosition(services, exchange, session, () =>
    services.uploads.append(row, bodyPart(services, exchange)),
  );
  exchange.send(202, sessionHeaders(name, row, offset));
}

/** `PUT ?digest=`: the last part, if there is one, and the end of the session. */
export async function finishUpload(services: Services, exchange: Exchange, session: Session): Promise<void> {
  const { name, row } = session;
  const text = exchange.query.get('digest');
  if (text === null) {
    throw new RegistryError('DIGEST_INVALID', `Cannot finish upload "${row.id}": the query has no "digest"`, {
      hint: 'Add ?digest=sha256:… of the whole blob',
    });
  }
  const digest = parseDigest(text);
  await withPosition(services, exchange, session, () =>
    services.uploads.finish(row, digest, exchange.hasBody ? bodyPart(services, exchange) : undefined),
  );
  exchange.send(201, { location: blobLocation(name, digest), 'docker-content-digest': digest });
}

export async function uploadStatus(services: Services, exchange: Exchange, session: Session): Promise<void> {
  const { name, row } = session;
  exchange.send(204, sessionHeaders(name, row, await services.uploads.offset(row)));
}

export async function cancelUpload(services: Services, exchange: Exchange, session: Session): Promise<void> {
  await services.uploads.cancel(session.row);
  exchange.send(204, {});
}

export interface Session {
  readonly name: RepositoryName;
  readonly row: UploadRow;
}

export function uploadUnknown(name: RepositoryName, id: string): RegistryError {
  return new RegistryError(
    'BLOB_UPLOAD_UNKNOWN',
    `Cannot find upload session "${id.slice(0, 80)}" of repository "${name}"`,
    {
      hint: 'It was finished, cancelled or left alone for too long; begin a new one with POST',
      detail: { name, id: id.slice(0, 80) },
    },
  );
}

/** With an error about the position goes the position, so that the client can go on. */
async function withPosition<T>(
  services: Services,
  exchange: Exchange,
  session: Session,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError && (error.code === 'RANGE_INVALID' || error.code === 'SIZE_INVALID')) {
      const headers = sessionHeaders(session.name, session.row, await services.uploads.offset(session.row));
      for (const [key, value] of Object.entries(headers)) exchange.res.setHeader(key, value);
    }
    throw error;
  }
}

/** `Range` ends with the last byte received; Docker's own registry says `0-0` for none, so clients know that. */
function sessionHeaders(
  name: RepositoryName,
  row: UploadRow,
  offset: number,
): Readonly<Record<string, string>> {
  return {
    location: uploadLocation(name, row.id),
    range: `0-${Math.max(0, offset - 1)}`,
    'docker-upload-uuid': row.id,
  };
}

function bodyPart(services: Services, exchange: Exchange): Part {
  const source = requestBody(exchange, { idleMs: services.limits.idleTimeoutMs, givesBack: true });
  const { signal } = services;
  const header = exchange.req.headers['content-range'];
  if (header === undefined) return { source, signal };
  const range = parseContentRange(header);
  const length = exchange.announcedLength;
  if (range === undefined) {
    throw new RegistryError('RANGE_INVALID', `Cannot read Content-Range "${header.slice(0, 80)}"`, {
      hint: 'Use <first byte>-<last byte>, as in "0-1048575"',
    });
  }
  if (length !== undefined && length !== range.last - range.first + 1) {
    throw new RegistryError(
      'SIZE_INVALID',
      `Cannot take the chunk: Content-Range "${header.slice(0, 80)}" has ${range.last - range.first + 1} bytes, Content-Length says ${length}`,
      { hint: 'Both ends of the range are inside it', detail: { contentLength: length } },
    );
  }
  return { source, range, signal };
}

/**
 * Makes a blob of another repository one of this, when the caller may pull it there.
 * Without `from` any repository that has it and that the caller may pull will do.
 */
async function mountBlob(
  services: Services,
  exchange: Exchange,
  mount: { readonly name: RepositoryName; readonly digest: Digest; readonly from: string | null },
): Promise<boolean> {
  const { reads } = services.store;
  const { name, digest, from } = mount;
  const candidates = from === null ? await reads.holders(digest, HOLDERS_TRIED) : [from];
  for (const candidate of candidates) {
    if (!isRepositoryName(candidate)) continue;
    if ((await reads.blobSize(candidate, digest)) === undefined) continue;
    if (candidate !== name) {
      const pull = { type: 'repository', name: candidate, action: 'pull' } as const;
      if (!(await services.authorize(exchange, [pull])).allowed) continue;
    }
    await services.store.write(
      async (writing) => {
        const repository = await ensureRepository(writing, name);
        await linkKnownBlob(writing, repository.id, digest);
      },
      { actor: exchange.subject ?? '' },
    );
    return true;
  }
  return false;
}

function unknownAlgorithm(algorithm: string): RegistryError {
  return new RegistryError('DIGEST_INVALID', `Cannot use digest algorithm "${algorithm.slice(0, 40)}"`, {
    hint: 'Use sha256 or sha512',
  });
}
