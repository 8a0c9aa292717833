import type { BlobStore } from '@berth/content';
import type { Digest, RepositoryName } from '@berth/oci';
import type { Access, Decision } from '../auth/interface.ts';
import type { RegistryLimits } from '../limits.ts';
import type { Manifests } from '../manifests/manifests.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { UploadSessions } from '../uploads/upload-sessions.ts';
import type { Exchange } from './exchange.ts';
import type { KnownAnswers } from './known-answers.ts';

/** What the endpoints call. */
export interface Services {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly manifests: Manifests;
  readonly uploads: UploadSessions;
  readonly limits: RegistryLimits;
  readonly reservedNamespaces: ReadonlySet<string>;
  /** Aborted when the registry closes. */
  readonly signal: AbortSignal;
  /** Of this authorizer's callers. */
  readonly known: KnownAnswers;
  /** Asks the authorizer; `expiredGraceMs` as in `AuthorizeRequest`. */
  authorize(
    exchange: Exchange,
    access: readonly Access[],
    options?: { readonly expiredGraceMs: number },
  ): Promise<Decision>;
}

/** Where the clients find things. Relative, so it is right under every name and proxy this registry is reached by. */
export function blobLocation(name: RepositoryName, digest: Digest): string {
  return `/v2/${name}/blobs/${digest}`;
}

export function manifestLocation(name: RepositoryName, reference: string): string {
  return `/v2/${name}/manifests/${reference}`;
}

export function uploadLocation(name: RepositoryName, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}
