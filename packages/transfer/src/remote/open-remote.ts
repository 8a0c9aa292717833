import { type Descriptor, parseRepositoryName, type RepositoryName } from '@berth/oci';
import { TransferError } from '../errors.ts';
import type {
  BlobSourceOptions,
  CallOptions,
  ImageSink,
  ImageSource,
  PutBlobOptions,
  PutBlobResult,
} from '../interface.ts';
import { downloadBlob } from './download.ts';
import { fetchManifest, manifestExists, putManifest, resolveManifest } from './manifests.ts';
import { mountBlob } from './mount.ts';
import { pullScope, pushScope, type RemoteRepository } from './repository.ts';
import { RegistrySession, type SessionOptions } from './session.ts';
import { listTags } from './tags.ts';
import { blobExists, uploadBlob } from './upload.ts';
import type { OpenBlob } from './upload-body.ts';
import { noUploadJournal, openUploadJournal } from './upload-journal.ts';

export interface OpenRemoteOptions extends SessionOptions {
  /** `docker.io`, `localhost:5000`. */
  readonly registry: string;
  readonly repository: RepositoryName | string;
  /** A tag or digest that `resolve` takes when it gets none; default `latest`. */
  readonly reference?: string | undefined;
  /** What the tokens must allow; default `pull`. */
  readonly access?: 'pull' | 'push';
  /** Where unfinished uploads are remembered over the end of the process; without it they are not. */
  readonly journalFolder?: string | undefined;
}

export type Remote = ImageSource &
  ImageSink & {
    readonly registry: string;
    readonly repository: RepositoryName;
    hasBlob(descriptor: Descriptor, options?: CallOptions): Promise<boolean>;
    /** Without moving bytes; `false`: they must be sent. */
    mountBlob(
      descriptor: Pick<Descriptor, 'digest'>,
      options: CallOptions & { readonly from: RepositoryName },
    ): Promise<boolean>;
    /** @throws {TransferError} `UNAUTHENTICATED` in the registry's own words */
    verifyCredentials(options?: CallOptions): Promise<void>;
  };

/**
 * One repository of a registry, as source and as sink.
 *
 *     await using remote = await openRemote({ registry: 'localhost:5000', repository: 'library/hello' });
 *     const descriptor = await remote.resolve('latest');
 *
 * Opening speaks to nobody; the first call finds scheme and sign-in. Plain HTTP goes to loopback only, or where
 * `insecure` allows it.
 */
export async function openRemote(options: OpenRemoteOptions): Promise<Remote> {
  const { registry, reference, access = 'pull', journalFolder } = options;
  const repository = parseRepositoryName(options.repository);
  const session = await RegistrySession.open(registry, options);
  const scopes = [access === 'push' ? pushScope(repository) : pullScope(repository)];
  const remote: RemoteRepository = { session, name: repository, scopes };
  const journal = journalFolder === undefined ? noUploadJournal() : openUploadJournal(journalFolder);
  return {
    registry,
    repository,
    location: `${registry}/${repository}`,
    mountFrom: { registry, repository },
    resolve: (wanted, callOptions) => resolveManifest(remote, wanted ?? reference ?? 'latest', callOptions),
    manifest: (descriptor, callOptions) => fetchManifest(remote, descriptor, callOptions),
    blob: (descriptor: Descriptor, blobOptions?: BlobSourceOptions) =>
      downloadBlob(remote, descriptor, blobOptions),
    tags: (callOptions) => listTags(remote, callOptions),
    hasManifest: (descriptor, callOptions) => manifestExists(remote, descriptor, callOptions),
    putBlob: (
      descriptor: Descriptor,
      open: OpenBlob,
      putOptions: PutBlobOptions = {},
    ): Promise<PutBlobResult> => uploadBlob(remote, descriptor, { ...putOptions, open, journal }),
    putManifest: (manifest, tags, callOptions) => putManifest(remote, manifest, { ...callOptions, tags }),
    finish: async () => {},
    hasBlob: (descriptor, callOptions) => blobExists(remote, descriptor, callOptions?.signal),
    mountBlob: (descriptor, mountOptions) => mountBlob(remote, descriptor, mountOptions),
    verifyCredentials: (callOptions) => session.verifyCredentials(callOptions),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/**
 * Asks a registry whether it takes these credentials, before anybody stores them.
 *
 * @throws {TransferError} `UNAUTHENTICATED`, and whatever the first contact throws
 */
export async function verifyCredentials(
  registry: string,
  options: SessionOptions & CallOptions,
): Promise<void> {
  if (options.credentials === undefined) {
    throw new TransferError('UNAUTHENTICATED', `Cannot sign in to "${registry}": no name and password given`);
  }
  await using session = await RegistrySession.open(registry, options);
  await session.verifyCredentials(options);
}
