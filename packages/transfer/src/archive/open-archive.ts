import {
  ARCHIVE_MANIFEST_FILE,
  type ArchiveEntry,
  type Digest,
  isDigest,
  OciError,
  parseArchiveManifest,
  readAll,
  verifyStream,
} from '@berth/oci';
import { TransferError } from '../errors.ts';
import type { FileSet } from '../files/file-set.ts';
import { openTarFiles } from '../files/tar-files.ts';
import type { CallOptions, ImageSource } from '../interface.ts';
import { type ArchiveImage, describeImage } from './archive-image.ts';
import { findImage, tagOf } from './archive-names.ts';

export interface OpenArchiveOptions extends CallOptions {
  readonly path: string;
  /** `debian:13`, a tag, or `@0`; what `resolve` takes when it gets none. */
  readonly reference?: string | undefined;
}

const MANIFEST_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * What `docker save` or `podman save` wrote, compressed or not, to read images from.
 *
 * @throws {OciError} `ARCHIVE_INVALID`, `TAR_INVALID`, `COMPRESSION_INVALID`
 * @throws {TransferError} `FILE_UNUSABLE`
 */
export async function openArchive(options: OpenArchiveOptions): Promise<ImageSource> {
  const { path, reference, signal } = options;
  const location = `docker-archive:${path}`;
  const files = await openTarFiles(path, { signal });
  try {
    return archiveSource(files, { location, reference, entries: await readEntries(files, location) });
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

interface Archive {
  readonly location: string;
  readonly reference: string | undefined;
  readonly entries: readonly ArchiveEntry[];
}

export function archiveSource(files: FileSet, { location, reference, entries }: Archive): ImageSource {
  const described = new Map<ArchiveEntry, Promise<ArchiveImage>>();
  const imageOf = (entry: ArchiveEntry): Promise<ArchiveImage> => {
    const image = described.get(entry) ?? describeImage(files, entry);
    described.set(entry, image);
    return image;
  };
  const find = async (fits: (image: ArchiveImage) => boolean): Promise<ArchiveImage | undefined> => {
    for (const entry of entries) {
      const image = await imageOf(entry);
      if (fits(image)) return image;
    }
    return undefined;
  };
  const byDigest = (digest: Digest) => find(({ manifest }) => manifest.descriptor.digest === digest);
  return {
    location,
    async resolve(wanted = reference) {
      if (wanted !== undefined && isDigest(wanted)) {
        const image = await byDigest(wanted);
        if (image !== undefined) return image.manifest.descriptor;
      }
      const entry = wanted === undefined ? onlyImage(entries, location) : findImage(entries, wanted);
      if (entry === undefined) throw unknownImage(wanted ?? '', location, entries);
      return (await imageOf(entry)).manifest.descriptor;
    },
    async manifest({ digest }) {
      const image = await byDigest(digest);
      if (image === undefined) throw unknownImage(digest, location, entries);
      return image.manifest;
    },
    async *blob({ digest, size }, { offset = 0, signal, verifies = true, reusesMemory } = {}) {
      const path = (await find(({ paths }) => paths.has(digest)))?.paths.get(digest);
      if (path === undefined)
        throw new TransferError('BLOB_UNKNOWN', `Cannot find blob "${digest}" in "${location}"`);
      if (offset > 0 || (!verifies && (await files.size(path)) === size)) {
        yield* files.read(path, { offset, signal, reusesMemory });
      } else yield* verifyStream(files.read(path, { signal, reusesMemory }), { digest, size });
    },
    async *tags() {
      yield* [...new Set(entries.flatMap(({ RepoTags }) => RepoTags.map(tagOf)))].sort();
    },
    [Symbol.asyncDispose]: async () => {
      await files[Symbol.asyncDispose]();
    },
  };
}

export async function readEntries(files: FileSet, location: string): Promise<readonly ArchiveEntry[]> {
  if ((await files.size(ARCHIVE_MANIFEST_FILE)) === undefined) {
    throw new OciError(
      'ARCHIVE_INVALID',
      `Cannot read "${location}": there is no ${ARCHIVE_MANIFEST_FILE} in it`,
      {
        hint: 'Write it with docker save or podman save; for a tar of an OCI layout use oci-archive:<file>',
      },
    );
  }
  const bytes = await readAll(files.read(ARCHIVE_MANIFEST_FILE), {
    maxSizeBytes: MANIFEST_LIMIT_BYTES,
    what: ARCHIVE_MANIFEST_FILE,
  });
  return parseArchiveManifest(bytes);
}

function onlyImage(entries: readonly ArchiveEntry[], location: string): ArchiveEntry {
  const [only] = entries;
  if (only !== undefined && entries.length === 1) return only;
  const isEmpty = entries.length === 0;
  throw new TransferError(
    isEmpty ? 'MANIFEST_UNKNOWN' : 'REFERENCE_AMBIGUOUS',
    `Cannot choose an image of "${location}": it has ${isEmpty ? 'none' : entries.length}`,
    namesHint(entries),
  );
}

function unknownImage(wanted: string, location: string, entries: readonly ArchiveEntry[]): TransferError {
  return new TransferError(
    'MANIFEST_UNKNOWN',
    `Cannot find "${wanted}" in "${location}"`,
    namesHint(entries),
  );
}

function namesHint(entries: readonly ArchiveEntry[]): { readonly hint?: string } {
  const names = entries.map(({ RepoTags }, position) => RepoTags[0] ?? `@${position}`).slice(0, 10);
  return names.length === 0 ? {} : { hint: `Name one of ${names.map((name) => `"${name}"`).join(', ')}` };
}
