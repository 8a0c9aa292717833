import { type DiffID, type Digest, digestHex } from './digest.ts';
import { OciError } from './errors.ts';
import { readJson } from './json.ts';
import { JsonObject } from './json-object.ts';

/*
 * A docker-archive: the tar that `docker save` writes and `docker load` reads.
 *
 *   manifest.json    one entry per image, see ArchiveEntry
 *   repositories     before Docker 1.10: name → tag → ID of the top layer
 *   <hex>.json       config, named for the image ID
 *   <hex>.tar        layer as uncompressed tar, named for its diffID; Docker writes <id>/layer.tar, newer ones blobs/…
 *
 * Readers follow the names in manifest.json and guess none.
 */
export const ARCHIVE_MANIFEST_FILE = 'manifest.json';
export const ARCHIVE_REPOSITORIES_FILE = 'repositories';

/** One image of a docker-archive; the field names are those of `manifest.json`. */
export interface ArchiveEntry {
  /** Path of the config in the archive. */
  readonly Config: string;
  /** `name:tag`, short or full; empty for an image without a name. */
  readonly RepoTags: readonly string[];
  /** Paths of the layers, the base first; compressed layers are possible in what others write. */
  readonly Layers: readonly string[];
}

/** Repository → tag → ID of the top layer. */
export type ArchiveRepositories = Readonly<Record<string, Readonly<Record<string, string>>>>;

const MAX_SIZE_BYTES = 16 * 1024 * 1024;
const REPOSITORIES = { code: 'ARCHIVE_INVALID', what: ARCHIVE_REPOSITORIES_FILE } as const;
const MANIFEST = { code: 'ARCHIVE_INVALID', what: ARCHIVE_MANIFEST_FILE } as const;

/** @throws {OciError} `ARCHIVE_INVALID`, also for paths that would leave the archive */
export function parseArchiveManifest(bytes: Uint8Array): ArchiveEntry[] {
  const value = readJson(bytes, { ...MANIFEST, maxSizeBytes: MAX_SIZE_BYTES });
  // The field reader wants an object at the top; the file is a bare list.
  const entries = new JsonObject({ images: value }, { ...MANIFEST, path: '' }).objects('images') ?? [];
  return entries.map((json) => ({
    Config: cleanArchivePath(json.requiredString('Config')),
    RepoTags: json.strings('RepoTags') ?? [],
    Layers: (json.strings('Layers') ?? []).map((path) => cleanArchivePath(path)),
  }));
}

export function formatArchiveManifest(entries: readonly ArchiveEntry[]): string {
  return `${JSON.stringify(entries.map(({ Config, RepoTags, Layers }) => ({ Config, RepoTags, Layers })))}\n`;
}

/** @throws {OciError} `ARCHIVE_INVALID` */
export function parseArchiveRepositories(bytes: Uint8Array): ArchiveRepositories {
  const json = new JsonObject(readJson(bytes, { ...REPOSITORIES, maxSizeBytes: MAX_SIZE_BYTES }), {
    ...REPOSITORIES,
    path: '',
  });
  return Object.fromEntries([...json.keys()].map((name) => [name, json.stringMap(name) ?? {}]));
}

export function formatArchiveRepositories(repositories: ArchiveRepositories): string {
  return `${JSON.stringify(repositories)}\n`;
}

export function archiveConfigPath(config: Digest): string {
  return `${digestHex(config)}.json`;
}

export function archiveLayerPath(diffID: DiffID): string {
  return `${digestHex(diffID)}.tar`;
}

/**
 * A path of an archive in its one spelling: relative, "/" between, no "." and no "..". For names in `manifest.json`
 * and for the archive's own entries, so that they can be compared.
 *
 * @throws {OciError} `ARCHIVE_INVALID`
 */
export function cleanArchivePath(path: string): string {
  return resolveInside(path, []);
}

/**
 * What a symlink of the archive points to; older `docker save` and today's skopeo link equal layers.
 * A hard link's target is a path of the archive already: `cleanArchivePath`.
 *
 * @throws {OciError} `ARCHIVE_INVALID`
 */
export function resolveArchiveLink(linkPath: string, target: string): string {
  return resolveInside(target, cleanArchivePath(linkPath).split('/').slice(0, -1));
}

function resolveInside(path: string, folder: readonly string[]): string {
  const inside = [...folder];
  let isOutside = path.startsWith('/') || /[\0\\]/.test(path);
  for (const segment of path.split('/')) {
    if (segment === '..') isOutside ||= inside.pop() === undefined;
    else if (segment !== '' && segment !== '.') inside.push(segment);
  }
  if (!isOutside && inside.length > 0) return inside.join('/');
  throw new OciError(
    'ARCHIVE_INVALID',
    `Cannot use path "${path.slice(0, 160)}" of the archive: it must stay inside`,
    {
      hint: 'The archive was not written by docker save; do not trust it',
    },
  );
}
