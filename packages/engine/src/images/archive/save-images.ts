import {
  ANNOTATION_REF_NAME,
  ARCHIVE_MANIFEST_FILE,
  ARCHIVE_REPOSITORIES_FILE,
  type ArchiveEntry,
  type ChainID,
  chainIDs,
  type Descriptor,
  type DiffID,
  digestBytes,
  digestHex,
  emptyLayoutIndex,
  familiarReference,
  formatArchiveManifest,
  formatArchiveRepositories,
  formatLayoutHeader,
  formatLayoutIndex,
  type ImageID,
  type Index,
  LAYOUT_HEADER_FILE,
  LAYOUT_INDEX_FILE,
  layoutBlobPath,
  MEDIA_TYPE_OCI_CONFIG,
  MEDIA_TYPE_OCI_LAYER,
  MEDIA_TYPE_OCI_MANIFEST,
  makeTarEntry,
  type TarInput,
  writeTar,
} from '@berth/oci';
import { EngineError } from '../../errors.ts';
import type { CallOptions } from '../../interface.ts';
import { emitImageEvent, type ImagesContext } from '../context.ts';
import { findImage } from '../find-image.ts';
import type { ImageName } from '../image-rows.ts';
import { ownerOf } from '../layer-holds.ts';
import { referenceOf, repositoryKey } from '../names.ts';

/** containerd and buildx read the whole name here. */
const ANNOTATION_IMAGE_NAME = 'io.containerd.image.name';

/**
 * Images as one tar that is a docker-archive and an OCI layout at once, as `docker save` of today writes it: blobs under
 * their digests, layers uncompressed. What says what is in it comes first, so that a reader need not wait for the end.
 * The same images give the same bytes.
 *
 * Nothing is removed meanwhile from under it. All names are looked up before the first byte.
 *
 * @throws {EngineError} `IMAGE_UNKNOWN`, `REFERENCE_INVALID`
 */
export async function* saveImages(
  context: ImagesContext,
  namesOrIds: readonly string[],
  { signal }: CallOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const chosen = await chooseImages(context, namesOrIds);
  await using holds = new AsyncDisposableStack();
  for (const id of chosen.keys()) holds.use(await context.holds.hold(ownerOf(id)));
  const images: SavedImage[] = [];
  for (const [id, names] of chosen) images.push(await describe(context, id, names));
  yield* writeTar(members(context, images, signal), signal === undefined ? {} : { signal });
  for (const { id } of images) {
    await emitImageEvent(context, { action: 'save', id, name: id, labelsOf: id });
  }
}

interface SavedImage {
  readonly id: ImageID;
  readonly names: readonly ImageName[];
  readonly configBytes: Uint8Array;
  readonly layers: readonly SavedLayer[];
}

interface SavedLayer {
  readonly diffID: DiffID;
  readonly chainID: ChainID;
  readonly size: number;
}

/** Each image once, with the names by which it was asked for; a name without a tag asks for all its tags. */
async function chooseImages(
  context: ImagesContext,
  namesOrIds: readonly string[],
): Promise<ReadonlyMap<ImageID, readonly ImageName[]>> {
  const { rows, names } = context;
  const chosen = new Map<ImageID, ImageName[]>();
  const add = (id: ImageID, name?: ImageName) => {
    const known = chosen.get(id) ?? [];
    chosen.set(id, known);
    const isNew = name !== undefined && !known.some((each) => sameName(each, name));
    if (isNew) known.push(name);
  };
  for (const text of namesOrIds) {
    const bare = /^(?:sha256:)?[0-9a-f]{64}$|^sha256:/.test(text) ? undefined : names.parse(text);
    const isBare = bare !== undefined && bare.tag === undefined && bare.digest === undefined;
    const tags = isBare ? await rows.tagsOf(repositoryKey(bare)) : [];
    for (const { tag, id } of tags)
      add(id, { repository: repositoryKey(bare as NonNullable<typeof bare>), tag });
    if (tags.length > 0) continue;
    const found = await findImage(context, text);
    if (found === undefined) {
      const isTagged = bare !== undefined && !isBare;
      throw new EngineError(
        'IMAGE_UNKNOWN',
        isTagged ? 'reference does not exist' : `No such image: ${text}`,
      );
    }
    const { reference } = found;
    if (reference?.tag === undefined || reference.digest !== undefined) add(found.id);
    else add(found.id, { repository: repositoryKey(reference), tag: reference.tag });
  }
  return chosen;
}

function sameName(a: ImageName, b: ImageName): boolean {
  return a.repository === b.repository && a.tag === b.tag;
}

async function describe(
  { rows, deps }: ImagesContext,
  id: ImageID,
  names: readonly ImageName[],
): Promise<SavedImage> {
  const [config, configBytes] = [await rows.config(id), await rows.configBytes(id)];
  // Removed between being found and being held.
  if (config === undefined || configBytes === undefined) {
    throw new EngineError('IMAGE_UNKNOWN', `No such image: ${id}`);
  }
  const { diff_ids: diffIDs } = config.rootfs;
  const layers: SavedLayer[] = [];
  for (const [at, chainID] of chainIDs(diffIDs).entries()) {
    const layer = await deps.layers.layer(chainID);
    if (layer === undefined) throw new EngineError('IMAGE_UNKNOWN', `No such image: ${id}`);
    layers.push({ diffID: diffIDs[at] as DiffID, chainID, size: layer.tarSizeBytes });
  }
  return { id, names, configBytes, layers };
}

async function* members(
  { deps }: ImagesContext,
  images: readonly SavedImage[],
  signal: AbortSignal | undefined,
): AsyncGenerator<TarInput, void, undefined> {
  const manifests = images.map(manifestOf);
  const header = Buffer.from(formatLayoutHeader());
  yield file(LAYOUT_HEADER_FILE, header);
  yield file(LAYOUT_INDEX_FILE, Buffer.from(formatLayoutIndex(indexOf(images, manifests))));
  yield file(ARCHIVE_MANIFEST_FILE, Buffer.from(formatArchiveManifest(images.map(archiveEntry))));
  const repositories = legacyNames(images);
  if (Object.keys(repositories).length > 0) {
    yield file(ARCHIVE_REPOSITORIES_FILE, Buffer.from(formatArchiveRepositories(repositories)));
  }
  yield { entry: makeTarEntry({ type: 'directory', path: 'blobs/' }) };
  yield { entry: makeTarEntry({ type: 'directory', path: 'blobs/sha256/' }) };
  const written = new Set<string>();
  const isNew = (path: string) => !written.has(path) && written.add(path) !== undefined;
  for (const [at, { id, configBytes }] of images.entries()) {
    const manifest = manifests[at] as OwnManifest;
    if (isNew(layoutBlobPath(manifest.descriptor.digest))) {
      yield file(layoutBlobPath(manifest.descriptor.digest), manifest.bytes);
    }
    if (isNew(layoutBlobPath(id))) yield file(layoutBlobPath(id), configBytes);
  }
  for (const { diffID, chainID, size } of images.flatMap(({ layers }) => layers)) {
    const path = layoutBlobPath(diffID);
    if (!isNew(path)) continue;
    yield {
      entry: makeTarEntry({ type: 'file', path, size }),
      // Whoever loads the archive takes the digest over it.
      content: deps.layers.readTar(chainID, { verifies: false, ...(signal === undefined ? {} : { signal }) }),
    };
  }
}

function file(path: string, bytes: Uint8Array): TarInput {
  return { entry: makeTarEntry({ type: 'file', path, size: bytes.length }), content: [bytes] };
}

interface OwnManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Layers lie uncompressed under their diffID, so the manifest is one of this archive alone. */
function manifestOf({ id, configBytes, layers }: SavedImage): OwnManifest {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE_OCI_MANIFEST,
      config: { mediaType: MEDIA_TYPE_OCI_CONFIG, digest: id, size: configBytes.length },
      layers: layers.map(({ diffID, size }) => ({ mediaType: MEDIA_TYPE_OCI_LAYER, digest: diffID, size })),
    }),
  );
  return {
    bytes,
    descriptor: { mediaType: MEDIA_TYPE_OCI_MANIFEST, digest: digestBytes(bytes), size: bytes.length },
  };
}

function indexOf(images: readonly SavedImage[], manifests: readonly OwnManifest[]): Index {
  const entries = images.flatMap(({ names }, at): readonly Descriptor[] => {
    const { descriptor } = manifests[at] as OwnManifest;
    if (names.length === 0) return [descriptor];
    return names.map(({ repository, tag }) => ({
      ...descriptor,
      annotations: { [ANNOTATION_IMAGE_NAME]: `${repository}:${tag}`, [ANNOTATION_REF_NAME]: tag },
    }));
  });
  return { ...emptyLayoutIndex(), manifests: entries };
}

/** Names as short as Docker's own: other engines have no default registry of ours. */
function archiveEntry({ id, names, layers }: SavedImage): ArchiveEntry {
  return {
    Config: layoutBlobPath(id),
    RepoTags: names.map(archiveName),
    Layers: layers.map(({ diffID }) => layoutBlobPath(diffID)),
  };
}

function archiveName({ repository, tag }: ImageName): string {
  return familiarReference(referenceOf(repository, { tag }));
}

/** Repository → tag → top layer, for what is older than Docker 1.10. */
function legacyNames(images: readonly SavedImage[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { names, layers } of images) {
    const top = layers.at(-1);
    if (top === undefined) continue;
    for (const name of names) {
      const shown = archiveName(name).slice(0, -(name.tag.length + 1));
      repositories[shown] = { ...repositories[shown], [name.tag]: digestHex(top.diffID) };
    }
  }
  return repositories;
}
