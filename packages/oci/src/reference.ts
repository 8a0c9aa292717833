import { type Digest, parseDigest } from './digest.ts';
import { OciError } from './errors.ts';
import { isRepositoryName, parseRepositoryName, type RepositoryName } from './repository-name.ts';
import { parseTag, type Tag } from './tag.ts';

/** Where an image is: a registry's host, a repository in it, and a tag, a digest, both or neither. */
export interface Reference {
  /** Host with its port, as typed: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: RepositoryName;
  readonly tag?: Tag;
  /** When both are there the digest decides and the tag is only for people. */
  readonly digest?: Digest;
}

export interface ParseReferenceOptions {
  /** The host when none is given. Default `docker.io`. */
  readonly defaultRegistry?: string;
  /** Put before a name of one segment at docker.io, and there only. Default `library`. */
  readonly defaultNamespace?: string;
  /** Added when there is neither tag nor digest. Without it none is added. */
  readonly defaultTag?: string;
}

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_OLD_NAME = 'index.docker.io';
const OFFICIAL_NAMESPACE = 'library';

const HOST_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = new RegExp(`^(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::([0-9]+))?$`);
const HOST_MAX_LENGTH = 255;
const IMAGE_ID = /^(?:sha256:)?[a-f0-9]{64}$/;

/** True for what may stand in front of a repository: a DNS name, an IPv4 or bracketed IPv6 address, with or without port. */
export function isRegistryHost(text: string): boolean {
  if (text.length > HOST_MAX_LENGTH) return false;
  const match = HOST.exec(text);
  if (match === null) return false;
  return match[1] === undefined || (Number(match[1]) >= 1 && Number(match[1]) <= 65535);
}

/**
 * Reads a reference as Docker's clients do.
 *
 * The first segment is a host when it has "." or ":", is `localhost`, or has an upper case letter; a text without
 * "/" never has a host (`localhost:5000` is the name `localhost` with the tag `5000`).
 *
 * @throws {OciError} `REFERENCE_INVALID`, `NAME_INVALID`, `TAG_INVALID`, `DIGEST_INVALID`
 */
export function parseReference(text: string, options: ParseReferenceOptions = {}): Reference {
  if (text === '') throw invalid(text, 'it is empty');
  if (IMAGE_ID.test(text)) {
    throw invalid(text, 'it is an image ID, not a name', 'Put the repository before it: "name@sha256:…"');
  }
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0];
  if (scheme !== undefined) throw invalid(text, 'a URL is not a reference', `Leave out "${scheme}"`);

  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : parseDigest(text.slice(at + 1));
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  // The colons of a bracketed address without a path belong to no tag.
  const hasTag = colon !== -1 && !named.startsWith('[', named.lastIndexOf('/') + 1);
  const tagText = hasTag ? named.slice(colon + 1) : undefined;
  const { registry, path } = splitHost(hasTag ? named.slice(0, colon) : named, options);
  if (!isRegistryHost(registry)) {
    throw invalid(text, `"${registry}" is not a host`, 'Use host, host:port or [IPv6 address]:port');
  }
  if (path === '') throw invalid(text, 'it has no repository name');
  const tag = tagText ?? (digest === undefined ? options.defaultTag : undefined);
  return {
    registry,
    repository: parseRepositoryName(path),
    ...(tag === undefined ? {} : { tag: parseTag(tag) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** All parts written out: `docker.io/library/debian:13`. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`;
}

/**
 * As short as `parseReference` with the same options reads it back: `debian:13`, as Docker prints it.
 * Where leaving out the host would change the meaning (`docker.io/foo.bar/app`) it stays.
 */
export function familiarReference(
  reference: Reference,
  options: Omit<ParseReferenceOptions, 'defaultTag'> = {},
): string {
  const { registry, repository } = reference;
  const full = `${registry}/${repository}`;
  const namespace = `${options.defaultNamespace ?? OFFICIAL_NAMESPACE}/`;
  const shorter = [repository, full];
  if (repository.startsWith(namespace)) shorter.unshift(repository.slice(namespace.length));
  const name = shorter.find((each) => {
    if (IMAGE_ID.test(each)) return false;
    const parts = splitHost(each, options);
    return parts.registry === registry && parts.path === repository;
  });
  return `${name ?? full}${suffix(reference)}`;
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

function splitHost(name: string, options: ParseReferenceOptions): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isHost = /[.:[\]]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const host = isHost ? first : (options.defaultRegistry ?? DOCKER_HUB);
  const path = isHost ? name.slice(slash + 1) : name;
  const registry = host === DOCKER_HUB_OLD_NAME ? DOCKER_HUB : host;
  const namespace = options.defaultNamespace ?? OFFICIAL_NAMESPACE;
  const isShort = registry === DOCKER_HUB && namespace !== '' && path !== '' && !path.includes('/');
  // A name that is wrong already stays as typed, so that the error shows what the user wrote.
  return { registry, path: isShort && isRepositoryName(path) ? `${namespace}/${path}` : path };
}

function invalid(text: string, reason: string, hint?: string): OciError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new OciError('REFERENCE_INVALID', `Cannot read reference "${shown}": ${reason}`, {
    hint: hint ?? 'Use [host[:port]/]name[:tag][@digest], as in "localhost:5000/team/app:1.0"',
    detail: { reference: shown },
  });
}
