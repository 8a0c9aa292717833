import { open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  ARCHIVE_MANIFEST_FILE,
  ARCHIVE_REPOSITORIES_FILE,
  type ArchiveEntry,
  type ArchiveRepositories,
  archiveConfigPath,
  archiveLayerPath,
  type Descriptor,
  type DiffID,
  type Digest,
  digestHex,
  formatArchiveManifest,
  formatArchiveRepositories,
  type Manifest,
  makeTarEntry,
  OciError,
  parseImageConfig,
  parseManifest,
  type TarInput,
  writeTar,
} from '@berth/oci';
import { TransferError } from '../errors.ts';
import { openBeside } from '../files/beside.ts';
import { fileFailure, readRange } from '../files/read-file.ts';
import { replaceFile } from '../files/write-file.ts';
import type { ImageSink } from '../interface.ts';
import { tagOf } from './archive-names.ts';
import { type StagedBlob, StagedBlobs } from './staged-blobs.ts';

export interface OpenArchiveSinkOptions {
  /** The file; one that is there is replaced when all is ready. */
  readonly path: string;
  /** What the image is called in the archive, without a tag: `localhost:5000/library/hello`. */
  readonly repository?: string | undefined;
}

/**
 * A docker-archive to write: layers uncompressed under their diffID, one image of one platform.
 *
 * Until `finish` nothing but a hidden folder beside the file is there; then the file appears whole, by rename.
 * Digests of manifest and layers are not kept: a docker-archive has no place for them. The image ID stays.
 */
export async function openArchiveSink(options: OpenArchiveSinkOptions): Promise<ImageSink> {
  const path = resolve(options.path);
  const folder = await openBeside(path).catch((error: unknown) => {
    throw fileFailure(error, `write "${path}"`);
  });
  const blobs = new StagedBlobs(folder.path);
  const images: Image[] = [];
  return {
    location: `docker-archive:${options.path}`,
    holdsOneImage: true,
    hasManifest: async () => false,
    putBlob: (descriptor, open, putOptions = {}) => blobs.put(descriptor, { ...putOptions, open }),
    async putManifest({ descriptor, bytes }, tags) {
      const parsed = parseManifest(bytes, descriptor.mediaType);
      if (parsed.kind === 'index') throw indexRefused(descriptor, options.path);
      const image = await describe(blobs, parsed.manifest);
      images.push({
        ...image,
        names: options.repository === undefined ? [] : tags.map((tag) => `${options.repository}:${tag}`),
      });
    },
    async finish(callOptions = {}) {
      if (images.length === 0) return;
      await replaceFile(path, writeTar(members(images), callOptions), callOptions).catch((error: unknown) => {
        throw fileFailure(error, `write "${path}"`);
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(folder[Symbol.asyncDispose]()),
  };
}

interface Image {
  readonly config: StagedBlob;
  readonly configDigest: Digest;
  readonly layers: readonly StagedBlob[];
  readonly names: readonly string[];
}

async function describe(blobs: StagedBlobs, manifest: Manifest): Promise<Omit<Image, 'names'>> {
  const staged = (descriptor: Descriptor): StagedBlob => {
    const found = blobs.get(descriptor.digest);
    if (found !== undefined) return found;
    throw new TransferError(
      'BLOB_UNKNOWN',
      `Cannot write the archive: blob "${descriptor.digest}" was not put`,
    );
  };
  const config = staged(manifest.config);
  const diffIDs = parseImageConfig(await readFile(config.path)).rootfs.diff_ids;
  const layers = manifest.layers.map(staged);
  if (layers.length !== diffIDs.length) {
    throw new OciError(
      'CONFIG_INVALID',
      `Cannot write the archive: the config names ${diffIDs.length} layers, the manifest ${layers.length}`,
    );
  }
  for (const [position, { digest }] of layers.entries()) {
    if (digest === diffIDs[position]) continue;
    throw new OciError(
      'DIGEST_MISMATCH',
      `Cannot write the archive: expected layer ${position} to be "${diffIDs[position]}" uncompressed, got "${digest}"`,
    );
  }
  return { config, configDigest: manifest.config.digest, layers };
}

async function* members(images: readonly Image[]): AsyncGenerator<TarInput> {
  const written = new Set<string>();
  const entries: ArchiveEntry[] = [];
  for (const { config, configDigest, layers, names } of images) {
    const Config = archiveConfigPath(configDigest);
    const Layers = layers.map(({ digest }) => archiveLayerPath(digest as DiffID));
    for (const [path, blob] of [
      [Config, config] as const,
      ...layers.map((layer, at) => [Layers[at] as string, layer] as const),
    ]) {
      if (written.has(path)) continue;
      written.add(path);
      yield { entry: makeTarEntry({ type: 'file', path, size: blob.size }), content: contentOf(blob) };
    }
    entries.push({ Config, RepoTags: names, Layers });
  }
  yield text(ARCHIVE_MANIFEST_FILE, formatArchiveManifest(entries));
  const repositories = legacyNames(images);
  if (Object.keys(repositories).length > 0) {
    yield text(ARCHIVE_REPOSITORIES_FILE, formatArchiveRepositories(repositories));
  }
}

/** Repository → tag → top layer, which engines before 1.10 read. */
function legacyNames(images: readonly Image[]): ArchiveRepositories {
  const repositories = new Map<string, Map<string, string>>();
  for (const { layers, names } of images) {
    const top = layers.at(-1);
    if (top === undefined) continue;
    for (const name of names) {
      const repository = name.slice(0, name.lastIndexOf(':'));
      const tags = repositories.get(repository) ?? new Map<string, string>();
      repositories.set(repository, tags.set(tagOf(name), digestHex(top.digest)));
    }
  }
  return Object.fromEntries([...repositories].map(([name, tags]) => [name, Object.fromEntries(tags)]));
}

async function* contentOf({ path, size }: StagedBlob): AsyncGenerator<Uint8Array> {
  await using handle = await open(path, 'r');
  yield* readRange(handle, { start: 0, length: size });
}

function text(path: string, content: string): TarInput {
  const bytes = Buffer.from(content);
  return { entry: makeTarEntry({ type: 'file', path, size: bytes.length }), content: [bytes] };
}

function indexRefused({ digest }: Descriptor, path: string): TransferError {
  return new TransferError(
    'UNSUPPORTED_BY_SINK',
    `Cannot put index "${digest}" into "docker-archive:${path}": it holds one image`,
    {
      hint: 'Choose a platform, or copy to an OCI layout: oci:<folder>',
    },
  );
}
