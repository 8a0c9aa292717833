import { type Digest, isDigest, parseTag, type RepositoryName } from '@berth/oci';
import type { RegistrySession } from './session.ts';

/** One repository of one registry, with the scopes its requests ask for. */
export interface RemoteRepository {
  readonly session: RegistrySession;
  readonly name: RepositoryName;
  readonly scopes: readonly string[];
}

export function pullScope(name: string): string {
  return `repository:${name}:pull`;
}

export function pushScope(name: string): string {
  return `repository:${name}:pull,push`;
}

/**
 * Addresses of distribution-spec v1.1, "Endpoints". Names, tags and digests need no escaping in a path; a tag may
 * come from another registry or a file, so it is looked at here, where no caller can forget it.
 *
 * @throws {OciError} `TAG_INVALID`
 */
export function manifestPath(name: RepositoryName, reference: string): string {
  return `/v2/${name}/manifests/${isDigest(reference) ? reference : parseTag(reference)}`;
}

export function blobPath(name: string, digest: Digest): string {
  return `/v2/${name}/blobs/${digest}`;
}

export function uploadsPath(name: string): string {
  return `/v2/${name}/blobs/uploads/`;
}

export function tagsPath(name: string): string {
  return `/v2/${name}/tags/list`;
}

/** For messages: `host/repository`. */
export function nameOf({ session, name }: RemoteRepository): string {
  return `${session.registry}/${name}`;
}
