import {
  type Descriptor,
  digestAlgorithm,
  digestBytes,
  isDigest,
  isManifestMediaType,
  MANIFEST_MAX_SIZE_BYTES,
  MANIFEST_MEDIA_TYPES,
  OciError,
  parseManifest,
  readAll,
} from '@berth/oci';
import { TransferError } from '../errors.ts';
import type { CallOptions, ManifestBytes } from '../interface.ts';
import { responseFailure } from './failures.ts';
import type { HttpResponse } from './http.ts';
import { manifestPath, nameOf, type RemoteRepository } from './repository.ts';

const ACCEPT = [...MANIFEST_MEDIA_TYPES, 'application/json;q=0.1'].join(', ');

/**
 * What a tag or digest names. By HEAD where the registry says all there is to know, else by GET.
 *
 * @throws {TransferError} `MANIFEST_UNKNOWN`, `REPOSITORY_UNKNOWN`, `UNAUTHENTICATED`, `DENIED`
 */
export async function resolveManifest(
  remote: RemoteRepository,
  reference: string,
  options: CallOptions = {},
): Promise<Descriptor> {
  return remote.session.retrying(async () => {
    const response = await askManifest(remote, 'HEAD', reference, options);
    await response.discard();
    if (response.status === 200) {
      const announced = announcedDescriptor(response);
      // A digest names its own bytes: what else the registry says of it is not believed.
      if (announced !== undefined && (!isDigest(reference) || announced.digest === reference))
        return announced;
    }
    // A HEAD has no body to say why: the GET does.
    return (await getManifest(remote, reference, options)).descriptor;
  }, options);
}

/** Whole and verified by its digest. @throws {OciError} `DIGEST_MISMATCH`, `SIZE_MISMATCH` */
export async function fetchManifest(
  remote: RemoteRepository,
  descriptor: Descriptor,
  options: CallOptions = {},
): Promise<ManifestBytes> {
  const { digest, size } = descriptor;
  const { bytes } = await remote.session.retrying(() => getManifest(remote, digest, options), options);
  if (bytes.length !== size) {
    throw new OciError(
      'SIZE_MISMATCH',
      `Cannot take manifest "${digest}" of "${nameOf(remote)}": expected ${size} bytes, got ${bytes.length}`,
    );
  }
  return { descriptor, bytes };
}

export async function manifestExists(
  remote: RemoteRepository,
  descriptor: Descriptor,
  options: CallOptions = {},
): Promise<boolean> {
  return remote.session.retrying(async () => {
    const response = await askManifest(remote, 'HEAD', descriptor.digest, options);
    if (response.status !== 200 && response.status !== 404) {
      throw await responseFailure(response, `push to "${nameOf(remote)}"`);
    }
    await response.discard();
    return response.status === 200;
  }, options);
}

/** Stores a manifest under each tag, or under its digest when there is none. */
export async function putManifest(
  remote: RemoteRepository,
  { descriptor, bytes }: ManifestBytes,
  options: CallOptions & { readonly tags: readonly string[] },
): Promise<void> {
  const { signal, tags } = options;
  for (const reference of tags.length === 0 ? [descriptor.digest] : tags) {
    await remote.session.retrying(async () => {
      const response = await remote.session.request({
        method: 'PUT',
        target: manifestPath(remote.name, reference),
        scopes: remote.scopes,
        headers: { 'content-type': descriptor.mediaType },
        body: bytes,
        signal,
      });
      if (![200, 201, 202, 204].includes(response.status)) {
        throw await responseFailure(response, `push manifest "${reference}" to "${nameOf(remote)}"`, {
          notFound: 'REPOSITORY_UNKNOWN',
        });
      }
      await response.discard();
      const stored = response.header('docker-content-digest');
      if (stored !== undefined && stored !== descriptor.digest && isSameAlgorithm(stored, descriptor)) {
        throw new TransferError(
          'RESPONSE_INVALID',
          `Cannot push manifest to "${nameOf(remote)}": sent "${descriptor.digest}", the registry stored "${stored}"`,
        );
      }
    }, options);
  }
}

function isSameAlgorithm(text: string, { digest }: Descriptor): boolean {
  return isDigest(text) && digestAlgorithm(text) === digestAlgorithm(digest);
}

function askManifest(
  remote: RemoteRepository,
  method: 'GET' | 'HEAD',
  reference: string,
  { signal }: CallOptions,
): Promise<HttpResponse> {
  return remote.session.request({
    method,
    target: manifestPath(remote.name, reference),
    scopes: remote.scopes,
    headers: { accept: ACCEPT },
    signal,
  });
}

function announcedDescriptor(response: HttpResponse): Descriptor | undefined {
  const digest = response.header('docker-content-digest') ?? '';
  const mediaType = mediaTypeOf(response);
  const size = Number(response.header('content-length') ?? 'none');
  if (!isDigest(digest) || mediaType === undefined || !Number.isSafeInteger(size) || size <= 0)
    return undefined;
  return { mediaType, digest, size };
}

function mediaTypeOf(response: HttpResponse): string | undefined {
  const mediaType = response.header('content-type')?.split(';')[0]?.trim();
  return mediaType !== undefined && isManifestMediaType(mediaType) ? mediaType : undefined;
}

async function getManifest(
  remote: RemoteRepository,
  reference: string,
  options: CallOptions,
): Promise<ManifestBytes> {
  const response = await askManifest(remote, 'GET', reference, options);
  const what = `manifest "${reference}" of "${nameOf(remote)}"`;
  if (response.status !== 200) throw await responseFailure(response, `find ${what}`);
  if (Number(response.header('content-length') ?? 0) > MANIFEST_MAX_SIZE_BYTES) {
    await response.discard();
    throw new TransferError(
      'MANIFEST_TOO_LARGE',
      `Cannot take ${what}: it is larger than ${MANIFEST_MAX_SIZE_BYTES} bytes`,
    );
  }
  const bytes = await readAll(response.body, { maxSizeBytes: MANIFEST_MAX_SIZE_BYTES, what });
  const announced = response.header('docker-content-digest') ?? '';
  const wanted = isDigest(reference) ? reference : isDigest(announced) ? announced : undefined;
  const digest = digestBytes(bytes, wanted === undefined ? 'sha256' : digestAlgorithm(wanted));
  if (wanted !== undefined && digest !== wanted) {
    throw new OciError(
      'DIGEST_MISMATCH',
      `Cannot take ${what}: expected digest "${wanted}", got "${digest}"`,
    );
  }
  const mediaType = mediaTypeOf(response) ?? parseManifest(bytes).mediaType;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}
