import type { BlobReader, ByteRange } from '@berth/content';
import { type Digest, parseDigest, type RepositoryName } from '@berth/oci';
import { RegistryError } from '../../errors.ts';
import { unlinkBlob } from '../../store/blobs.ts';
import { findRepository } from '../../store/repositories.ts';
import { parseRange } from '../byte-range.ts';
import { etagOf, isNotModified } from '../conditional.ts';
import type { Exchange } from '../exchange.ts';
import { sendStream } from '../send-stream.ts';
import type { Services } from '../services.ts';

interface Target {
  readonly name: RepositoryName;
  readonly digest: string;
}

/** `GET` and `HEAD`; one range of bytes can be asked for (RFC 9110, 14). */
export async function getBlob(services: Services, exchange: Exchange, target: Target): Promise<void> {
  const digest = parseDigest(target.digest);
  const size = await services.store.reads.blobSize(target.name, digest);
  if (size === undefined) throw blobUnknown(target);
  const etag = etagOf(digest);
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag,
    'accept-ranges': 'bytes',
    // Immutable by its name; private, because who may read it is decided here at each request.
    'cache-control': 'private, max-age=31536000, immutable',
  };
  if (isNotModified(exchange.req.headers['if-none-match'], etag)) {
    exchange.send(304, headers);
    return;
  }
  if (exchange.method === 'HEAD') {
    exchange.send(200, { ...headers, 'content-length': size });
    return;
  }
  const range = readRange(exchange, size, etag);
  if (range === 'unsatisfiable') {
    exchange.res.setHeader('content-range', `bytes */${size}`);
    throw new RegistryError(
      'RANGE_INVALID',
      `Cannot send the range "${exchange.req.headers.range}" of blob "${digest}"`,
      {
        hint: `The blob has ${size} bytes`,
        detail: { digest, size },
      },
    );
  }
  await using reader = await services.blobs.open(digest);
  if (reader === undefined || reader.size !== size) throw bytesMissing(digest, size, reader);
  if (range === undefined) exchange.begin(200, { ...headers, 'content-length': size });
  else beginPart(exchange, { headers, range, size });
  await sendStream(exchange, {
    idleMs: services.limits.idleTimeoutMs,
    signal: services.signal,
    open: (signal) => reader.stream({ signal, ...(range === undefined ? {} : { range }) }),
  });
}

/** `DELETE` takes the blob out of the repository. Its bytes may serve others and are collected later. */
export async function deleteBlob(services: Services, exchange: Exchange, target: Target): Promise<void> {
  const digest = parseDigest(target.digest);
  const isDeleted = await services.store.write(
    async (writing) => {
      const repository = await findRepository(writing, target.name);
      return repository !== undefined && unlinkBlob(writing, repository.id, digest);
    },
    { actor: exchange.subject ?? '' },
  );
  if (!isDeleted) throw blobUnknown(target);
  exchange.send(202, {});
}

function readRange(exchange: Exchange, size: number, etag: string): ByteRange | 'unsatisfiable' | undefined {
  const { range, 'if-range': ifRange } = exchange.req.headers;
  // Only our own ETag proves that the client has the same bytes; a date does not.
  return ifRange !== undefined && ifRange !== etag ? undefined : parseRange(range, size);
}

function beginPart(
  exchange: Exchange,
  part: {
    readonly headers: Readonly<Record<string, string>>;
    readonly range: ByteRange;
    readonly size: number;
  },
): void {
  const { first, last } = part.range;
  exchange.begin(206, {
    ...part.headers,
    'content-length': last - first + 1,
    'content-range': `bytes ${first}-${last}/${part.size}`,
  });
}

export function blobUnknown({ name, digest }: Target): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', `Cannot find blob "${digest}" in repository "${name}"`, {
    hint: 'Push it to this repository, or mount it from another',
    detail: { name, digest },
  });
}

/** A row without its bytes is damage, and the person who runs the registry has to hear of it. */
function bytesMissing(digest: Digest, size: number, reader: BlobReader | undefined): Error {
  const found = reader === undefined ? 'no bytes' : `${reader.size} bytes`;
  return new Error(`Blob "${digest}" is recorded with ${size} bytes, the store has ${found}`);
}
