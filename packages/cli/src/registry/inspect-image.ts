import {
  type Descriptor,
  formatPlatform,
  type ImageConfig,
  type Index,
  type Manifest,
  MEDIA_TYPE_DOCKER_CONFIG,
  MEDIA_TYPE_OCI_CONFIG,
  manifestLinks,
  type ParsedManifest,
  parseImageConfig,
  parseManifest,
  readAll,
} from '@berth/oci';
import type { ImageSource } from '@berth/transfer';

const CONFIG_LIMIT_BYTES = 8 * 1024 * 1024;

/** Everything `berth inspect` shows of one manifest or index. */
export interface ImageReport {
  readonly name: string;
  readonly descriptor: Descriptor;
  /** Bytes of config and layers, of all platforms for an index. */
  readonly sizeBytes: number;
  readonly manifest?: Manifest;
  readonly config?: ImageConfig;
  readonly index?: Index;
  /** Entries of an index, in its order. */
  readonly images?: readonly PlatformReport[];
}

export interface PlatformReport {
  /** `undefined` for what is for no platform: attestations, artifacts. */
  readonly platform: string | undefined;
  readonly descriptor: Descriptor;
  readonly sizeBytes: number;
  readonly layers: number;
}

interface Call {
  readonly signal: AbortSignal;
}

export async function inspectImage(
  source: ImageSource,
  descriptor: Descriptor,
  options: Call & { readonly name: string },
): Promise<ImageReport> {
  const { name, signal } = options;
  const { bytes } = await source.manifest(descriptor, { signal });
  const parsed = parseManifest(bytes, descriptor.mediaType);
  if (parsed.kind === 'manifest') {
    const { manifest } = parsed;
    const config = await readImageConfig(source, manifest, { signal });
    return {
      name,
      descriptor,
      sizeBytes: sizeOf(parsed),
      manifest,
      ...(config === undefined ? {} : { config }),
    };
  }
  const images: PlatformReport[] = [];
  for (const child of parsed.index.manifests) images.push(await inspectChild(source, child, { signal }));
  const sizeBytes = images.reduce((sum, image) => sum + image.sizeBytes, 0);
  return { name, descriptor, sizeBytes, index: parsed.index, images };
}

/** @returns `undefined` for an artifact, whose config is no image config */
export async function readImageConfig(
  source: ImageSource,
  { config }: Manifest,
  { signal }: Call,
): Promise<ImageConfig | undefined> {
  if (config.mediaType !== MEDIA_TYPE_OCI_CONFIG && config.mediaType !== MEDIA_TYPE_DOCKER_CONFIG)
    return undefined;
  return parseImageConfig(await readConfigBytes(source, config, { signal }));
}

export async function readConfigBytes(
  source: ImageSource,
  config: Descriptor,
  { signal }: Call,
): Promise<Uint8Array> {
  return readAll(source.blob(config, { signal }), {
    maxSizeBytes: CONFIG_LIMIT_BYTES,
    what: `config "${config.digest}"`,
  });
}

async function inspectChild(
  source: ImageSource,
  descriptor: Descriptor,
  call: Call,
): Promise<PlatformReport> {
  const { bytes } = await source.manifest(descriptor, call);
  const parsed = parseManifest(bytes, descriptor.mediaType);
  const { platform } = descriptor;
  const isForAny = platform === undefined || platform.os === 'unknown';
  return {
    platform: isForAny ? undefined : formatPlatform(platform),
    descriptor,
    sizeBytes: sizeOf(parsed),
    layers: parsed.kind === 'manifest' ? parsed.manifest.layers.length : 0,
  };
}

function sizeOf(parsed: ParsedManifest): number {
  return manifestLinks(parsed).blobs.reduce((sum, { size }) => sum + size, 0);
}
