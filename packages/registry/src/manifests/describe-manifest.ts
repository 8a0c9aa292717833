import type { BlobStore } from '@berth/content';
import {
  CONFIG_MAX_SIZE_BYTES,
  type Descriptor,
  type Digest,
  type Manifest,
  MEDIA_TYPE_DOCKER_CONFIG,
  MEDIA_TYPE_OCI_CONFIG,
  manifestLinks,
  type ParsedManifest,
  type Platform,
  readAll,
} from '@berth/oci';
import type { ChildManifest } from '../store/manifests.ts';
import type { StoredImage } from './stored-image.ts';

/** What the rows say about a manifest beside its bytes. */
export interface ManifestDescription {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Descriptor[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** Characters of JSON that a row's images may take: hundreds of real ones, and no more however an index is nested. */
const IMAGES_MAX_LENGTH = 64 * 1024;
/** Of one word of a platform. */
const WORD_MAX_LENGTH = 128;

/** @see distribution-spec v1.1 "Listing Referrers" for the artifact type */
export function describeManifest(parsed: ParsedManifest): ManifestDescription {
  const links = manifestLinks(parsed);
  const { artifactType, annotations } = parsed.kind === 'index' ? parsed.index : parsed.manifest;
  const configType = parsed.kind === 'manifest' ? parsed.manifest.config.mediaType : undefined;
  return {
    blobs: links.blobs.map((blob) => blob.digest),
    manifests: links.manifests,
    subject: links.subject?.digest,
    artifactType: artifactType ?? configType,
    annotations,
  };
}

export interface Images {
  readonly images: readonly StoredImage[];
  readonly imageSize: number;
}

/** The one image of a manifest; none when its config is not that of an image, or cannot be read as one. */
export async function imagesOfManifest(
  manifest: Manifest,
  options: { readonly digest: Digest; readonly blobs: BlobStore; readonly signal?: AbortSignal },
): Promise<Images> {
  const { config, layers } = manifest;
  const sum = layers.reduce((total, layer) => total + layer.size, config.size);
  const size = Math.min(sum, Number.MAX_SAFE_INTEGER);
  const platform = await readPlatform(config, options);
  return {
    images: platform === undefined ? [] : [{ digest: options.digest, platform, size }],
    imageSize: size,
  };
}

/**
 * The images behind an index, those of nested ones too, as many as a row may have; attestations and children that
 * are not here are left out. A child that is named several times has its size once.
 */
export function imagesOfIndex(
  children: readonly Descriptor[],
  known: ReadonlyMap<string, ChildManifest>,
): Images {
  const images: StoredImage[] = [];
  const counted = new Set<string>();
  let imageSize = 0;
  let room = IMAGES_MAX_LENGTH;
  for (const child of children) {
    const stored = known.get(child.digest);
    const isFirst = !counted.has(child.digest);
    counted.add(child.digest);
    if (isFirst) imageSize = Math.min(imageSize + (stored?.imageSize ?? 0), Number.MAX_SAFE_INTEGER);
    for (const image of imagesOfChild(child, stored, { isFirst })) {
      if (room <= 0) break;
      room -= JSON.stringify(image).length;
      if (room > 0) images.push(image);
    }
  }
  return { images, imageSize };
}

function imagesOfChild(
  child: Descriptor,
  stored: ChildManifest | undefined,
  { isFirst }: { readonly isFirst: boolean },
): readonly StoredImage[] {
  const isNested =
    stored !== undefined && !(stored.images.length === 1 && stored.images[0]?.digest === child.digest);
  if (isNested && stored.images.length > 0) return isFirst ? stored.images : [];
  const platform = child.platform ?? stored?.images[0]?.platform;
  if (platform === undefined || platform.os === 'unknown') return [];
  return [{ digest: child.digest, platform, size: stored?.imageSize ?? 0 }];
}

async function readPlatform(
  config: Descriptor,
  options: { readonly blobs: BlobStore; readonly signal?: AbortSignal },
): Promise<Platform | undefined> {
  if (config.mediaType !== MEDIA_TYPE_OCI_CONFIG && config.mediaType !== MEDIA_TYPE_DOCKER_CONFIG)
    return undefined;
  if (config.size > CONFIG_MAX_SIZE_BYTES) return undefined;
  await using reader = await options.blobs.open(config.digest);
  if (reader === undefined || reader.size > CONFIG_MAX_SIZE_BYTES) return undefined;
  const { signal } = options;
  const copied = copyChunks(reader.stream(signal === undefined ? {} : { signal }));
  const bytes = await readAll(copied, { maxSizeBytes: CONFIG_MAX_SIZE_BYTES, what: 'image config' });
  return platformOf(parseJson(bytes));
}

/** A reader's chunk is only valid until the next one. */
async function* copyChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield Uint8Array.from(chunk);
}

/** A registry takes configs that are no proper image config; then there is just no platform to show. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function platformOf(config: unknown): Platform | undefined {
  if (typeof config !== 'object' || config === null) return undefined;
  const fields = config as Record<string, unknown>;
  const { os, architecture, variant } = fields;
  if (!isWord(os) || !isWord(architecture)) return undefined;
  const version = fields['os.version'];
  return {
    os,
    architecture,
    ...(isWord(variant) ? { variant } : {}),
    ...(isWord(version) ? { 'os.version': version } : {}),
  };
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= WORD_MAX_LENGTH;
}
