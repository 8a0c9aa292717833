import { type Descriptor, type Digest, Digester, digestAlgorithm, OciError } from '@berth/oci';
import { TransferError } from '../errors.ts';
import type { BlobSourceOptions } from '../interface.ts';
import { networkFailure, responseFailure, retryable } from './failures.ts';
import type { HttpResponse } from './http.ts';
import { blobPath, nameOf, type RemoteRepository } from './repository.ts';
import { Backoff } from './retry.ts';

/**
 * The bytes of a blob. After a cut it goes on where it was, by Range, for as long as the line moves at all;
 * a registry that ignores Range is read from the start and the known part dropped.
 *
 * @throws {OciError} `SIZE_MISMATCH` at the first byte too many, `DIGEST_MISMATCH` at the end
 * @throws {TransferError} `BLOB_UNKNOWN`, `REGISTRY_UNREACHABLE`, `REGISTRY_BUSY`
 */
export async function* downloadBlob(
  remote: RemoteRepository,
  descriptor: Descriptor,
  options: BlobSourceOptions = {},
): AsyncGenerator<Uint8Array> {
  const { offset = 0, signal, onRetry } = options;
  const { digest, size } = descriptor;
  const digester = offset === 0 ? new Digester(digestAlgorithm(digest)) : undefined;
  const backoff = new Backoff(remote.session.retryPolicy, onRetry);
  let position = offset;
  while (position < size) {
    signal?.throwIfAborted();
    try {
      for await (const chunk of bytesFrom(remote, descriptor, { position, signal })) {
        if (position + chunk.length > size) throw wrongSize(remote, descriptor, 'more');
        digester?.update(chunk);
        position += chunk.length;
        backoff.progress();
        yield chunk;
      }
      if (position < size) throw new TruncatedBody();
    } catch (error) {
      const failure =
        error instanceof TruncatedBody ? { reason: 'the answer was cut short' } : retryable(error);
      if (failure === undefined) throw error;
      if (await backoff.next(failure, { signal })) continue;
      if (error instanceof TruncatedBody) throw wrongSize(remote, descriptor, `${position}`);
      throw networkFailure(error, remote.session.registry);
    }
  }
  const got = digester?.digest() ?? digest;
  if (got !== digest) {
    throw new OciError(
      'DIGEST_MISMATCH',
      `Cannot take blob of "${nameOf(remote)}": expected digest "${digest}", got "${got}"`,
      { detail: { expected: digest, actual: got } },
    );
  }
}

class TruncatedBody extends Error {}

interface Part {
  readonly position: number;
  readonly signal: AbortSignal | undefined;
}

async function* bytesFrom(
  remote: RemoteRepository,
  { digest }: Descriptor,
  { position, signal }: Part,
): AsyncGenerator<Uint8Array> {
  const response = await remote.session.request({
    method: 'GET',
    target: blobPath(remote.name, digest),
    scopes: remote.scopes,
    headers: position === 0 ? {} : { range: `bytes=${position}-` },
    signal,
  });
  let skip = await bytesToSkip(remote, response, { digest, position });
  for await (const chunk of response.body) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      yield skip === 0 ? chunk : chunk.subarray(skip);
      skip = 0;
    }
  }
}

async function bytesToSkip(
  remote: RemoteRepository,
  response: HttpResponse,
  { digest, position }: { readonly digest: Digest; readonly position: number },
): Promise<number> {
  if (response.status === 200) return position;
  if (response.status === 206) {
    const first = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1];
    const start = first === undefined ? position : Number(first);
    if (start <= position) return position - start;
    await response.discard();
    throw new TransferError(
      'RESPONSE_INVALID',
      `Cannot go on with blob "${digest}" of "${nameOf(remote)}": asked from byte ${position}, got from ${start}`,
    );
  }
  throw await responseFailure(response, `fetch blob "${digest}" of "${nameOf(remote)}"`, {
    notFound: 'BLOB_UNKNOWN',
  });
}

function wrongSize(remote: RemoteRepository, { digest, size }: Descriptor, got: string): OciError {
  return new OciError(
    'SIZE_MISMATCH',
    `Cannot take blob "${digest}" of "${nameOf(remote)}": expected ${size} bytes, got ${got}`,
  );
}
