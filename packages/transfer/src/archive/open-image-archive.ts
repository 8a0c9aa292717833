import {
  ANNOTATION_REF_NAME,
  ARCHIVE_MANIFEST_FILE,
  type Descriptor,
  LAYOUT_INDEX_FILE,
  OciError,
  parseLayoutIndex,
  readAll,
} from '@berth/oci';
import type { FileSet } from '../files/file-set.ts';
import { openTarFiles, stageTarFiles } from '../files/tar-files.ts';
import type { CallOptions, ImageSource } from '../interface.ts';
import { layoutSource } from '../layout/layout-source.ts';
import { archiveSource, readEntries } from './open-archive.ts';

/** Every image of an archive, whichever form it has. */
export interface ImageArchive extends AsyncDisposable {
  /** `docker-archive`: manifests are made up and layers mostly plain. Where an archive is both, it is this. */
  readonly form: 'docker-archive' | 'oci-archive';
  readonly source: ImageSource;
  readonly images: readonly ArchivedImage[];
}

export interface ArchivedImage {
  readonly descriptor: Descriptor;
  /** As the archive has them, unchecked: `debian:13`, `docker.io/library/debian:13`. */
  readonly names: readonly string[];
}

/** containerd and buildx put the whole name there, and only a tag into OCI's own annotation. */
const ANNOTATION_IMAGE_NAME = 'io.containerd.image.name';
const INDEX_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Opens what `docker save`, `podman save` or `buildx --output` wrote, for a reader that takes all of it.
 *
 * @throws {OciError} `ARCHIVE_INVALID`, `LAYOUT_INVALID`, `CONFIG_INVALID`, `TAR_INVALID`, `COMPRESSION_INVALID`
 * @throws {TransferError} `FILE_UNUSABLE`
 */
export async function openImageArchive({
  path,
  signal,
}: CallOptions & { readonly path: string }): Promise<ImageArchive> {
  return imageArchive(await openTarFiles(path, { signal }), path);
}

/**
 * The same of an archive that comes as a stream: it waits in a new file at `path`, since what says what is in it may come last.
 * The caller removes the file when it has closed the archive, and after a failure.
 *
 * @throws what `openImageArchive` throws, and whatever `source` throws
 */
export async function stageImageArchive(
  source: AsyncIterable<Uint8Array>,
  options: CallOptions & { readonly path: string },
): Promise<ImageArchive> {
  return imageArchive(await stageTarFiles(source, options), options.path);
}

async function imageArchive(files: FileSet, path: string): Promise<ImageArchive> {
  try {
    const isDocker = (await files.size(ARCHIVE_MANIFEST_FILE)) !== undefined;
    if (!isDocker && (await files.size(LAYOUT_INDEX_FILE)) === undefined) {
      throw new OciError(
        'ARCHIVE_INVALID',
        `Cannot read the archive: there is neither ${ARCHIVE_MANIFEST_FILE} nor ${LAYOUT_INDEX_FILE} in it`,
        {
          hint: 'An archive of images is written by docker save; a root filesystem is taken by docker import',
        },
      );
    }
    return isDocker ? await dockerArchive(files, path) : await ociArchive(files, path);
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

async function dockerArchive(files: FileSet, path: string): Promise<ImageArchive> {
  const location = `docker-archive:${path}`;
  const entries = await readEntries(files, location);
  const source = archiveSource(files, { location, reference: undefined, entries });
  const images: ArchivedImage[] = [];
  for (const [at, { RepoTags }] of entries.entries()) {
    images.push({ descriptor: await source.resolve(`@${at}`), names: RepoTags });
  }
  return { form: 'docker-archive', source, images, [Symbol.asyncDispose]: () => close(source) };
}

async function ociArchive(files: FileSet, path: string): Promise<ImageArchive> {
  const source = layoutSource(files, { location: `oci-archive:${path}` });
  const index = await readAll(files.read(LAYOUT_INDEX_FILE), {
    maxSizeBytes: INDEX_LIMIT_BYTES,
    what: LAYOUT_INDEX_FILE,
  });
  const images = parseLayoutIndex(index).manifests.map((descriptor) => ({
    descriptor,
    names: namesOf(descriptor),
  }));
  return { form: 'oci-archive', source, images, [Symbol.asyncDispose]: () => close(source) };
}

function namesOf({ annotations = {} }: Descriptor): readonly string[] {
  const whole = annotations[ANNOTATION_IMAGE_NAME];
  if (whole !== undefined) return [whole];
  const name = annotations[ANNOTATION_REF_NAME];
  // A tag alone says nothing about which repository.
  return name === undefined || !/[/:]/.test(name) ? [] : [name];
}

async function close(source: ImageSource): Promise<void> {
  await source[Symbol.asyncDispose]();
}
