import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Compression } from '../compression.ts';
import type { Descriptor } from '../descriptor.ts';
import { type DiffID, type Digest, type DigestAlgorithm, digestBytes } from '../digest.ts';
import type { ImageConfig } from '../image-config.ts';
import type { Index } from '../image-index.ts';
import type { Manifest } from '../manifest.ts';
import {
  MEDIA_TYPE_DOCKER_CONFIG,
  MEDIA_TYPE_DOCKER_LAYER,
  MEDIA_TYPE_DOCKER_LAYER_GZIP,
  MEDIA_TYPE_DOCKER_MANIFEST,
  MEDIA_TYPE_DOCKER_MANIFEST_LIST,
  MEDIA_TYPE_OCI_CONFIG,
  MEDIA_TYPE_OCI_INDEX,
  MEDIA_TYPE_OCI_LAYER,
  MEDIA_TYPE_OCI_LAYER_GZIP,
  MEDIA_TYPE_OCI_LAYER_ZSTD,
  MEDIA_TYPE_OCI_MANIFEST,
} from '../media-types.ts';
import type { Platform } from '../platform.ts';
import { makeTarEntry } from '../tar/entry.ts';
import { type TarInput, writeTar } from '../tar/write-tar.ts';
import { seededBytes } from './random-bytes.ts';

export interface RandomImageOptions {
  /** The same options give the same bytes; images of other seeds share nothing, unless `baseSeed` says so. */
  readonly seed: string | number;
  /** Default 2. */
  readonly layers?: number;
  /** Default 3, besides one folder per layer. */
  readonly filesPerLayer?: number;
  /** Bytes of each file; they do not compress. Default 1024. */
  readonly sizeBytes?: number;
  /** Default linux/amd64. */
  readonly platform?: Platform;
  /** Default `oci`; `docker` gives schema 2 (never with zstd). */
  readonly format?: 'oci' | 'docker';
  /** Default `gzip`. */
  readonly compression?: Compression;
  readonly algorithm?: DigestAlgorithm;
  /** All layers but the last come from this seed: images with one base. */
  readonly baseSeed?: string | number;
}

export interface RandomImage {
  /** Names the manifest. */
  readonly descriptor: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
  /** Config and layers by digest, without the manifest. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

interface Layer {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly diffID: DiffID;
}

const CREATED = '2024-01-01T00:00:00Z';

/** A sound image (see `validateImage`) made of nothing but a seed. */
export async function randomImage(options: RandomImageOptions): Promise<RandomImage> {
  const { seed, layers: count = 2, baseSeed = seed, algorithm, format = 'oci' } = options;
  const layers: Layer[] = [];
  for (let index = 0; index < count; index++) {
    const isTop = index === count - 1;
    layers.push(await randomLayer(`${isTop ? seed : baseSeed}/${index}`, options));
  }
  const config: ImageConfig = {
    created: CREATED,
    architecture: 'amd64',
    os: 'linux',
    ...options.platform,
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/hello'], Labels: { seed: String(seed) } },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffID) },
    history: [
      ...layers.map((_, index) => ({ created: CREATED, created_by: `layer ${index}` })),
      { created: CREATED, created_by: 'CMD ["/bin/hello"]', empty_layer: true },
    ],
  };
  const configBytes = Buffer.from(JSON.stringify(config));
  const configType = format === 'oci' ? MEDIA_TYPE_OCI_CONFIG : MEDIA_TYPE_DOCKER_CONFIG;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: format === 'oci' ? MEDIA_TYPE_OCI_MANIFEST : MEDIA_TYPE_DOCKER_MANIFEST,
    config: describe(configBytes, configType, algorithm),
    layers: layers.map((layer) => layer.descriptor),
  };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  return {
    descriptor: describe(manifestBytes, manifest.mediaType ?? '', algorithm),
    manifestBytes,
    manifest,
    config,
    layers: manifest.layers,
    blobs: new Map<Digest, Uint8Array>([
      [manifest.config.digest, configBytes],
      ...layers.map((layer) => [layer.descriptor.digest, layer.bytes] as const),
    ]),
  };
}

export interface RandomIndexOptions extends Omit<RandomImageOptions, 'platform'> {
  readonly platforms: readonly Platform[];
}

export interface RandomIndex {
  readonly descriptor: Descriptor;
  readonly indexBytes: Uint8Array;
  readonly index: Index;
  /** In the order of `platforms`. */
  readonly images: readonly RandomImage[];
  /** Configs, layers and the children's manifests. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

/** An index with one random image per platform. */
export async function randomIndex(options: RandomIndexOptions): Promise<RandomIndex> {
  const { platforms, algorithm, format = 'oci' } = options;
  const images: RandomImage[] = [];
  for (const [index, platform] of platforms.entries()) {
    images.push(await randomImage({ ...options, seed: `${options.seed}/${index}`, platform }));
  }
  const index: Index = {
    schemaVersion: 2,
    mediaType: format === 'oci' ? MEDIA_TYPE_OCI_INDEX : MEDIA_TYPE_DOCKER_MANIFEST_LIST,
    manifests: images.map(({ descriptor }, at) => ({ ...descriptor, ...given(platforms[at]) })),
  };
  const indexBytes = Buffer.from(JSON.stringify(index));
  const manifests = images.map((image) => [image.descriptor.digest, image.manifestBytes] as const);
  return {
    descriptor: describe(indexBytes, index.mediaType ?? '', algorithm),
    indexBytes,
    index,
    images,
    blobs: new Map([...images.flatMap((image) => [...image.blobs]), ...manifests]),
  };
}

function given(platform: Platform | undefined): { readonly platform?: Platform } {
  return platform === undefined ? {} : { platform };
}

async function randomLayer(seed: string, options: RandomImageOptions): Promise<Layer> {
  const { filesPerLayer = 3, sizeBytes = 1024, algorithm, compression = 'gzip', format = 'oci' } = options;
  const tar = Buffer.concat(await Array.fromAsync(writeTar(layerEntries(seed, filesPerLayer, sizeBytes))));
  const bytes = compression === 'gzip' ? gzipSync(tar) : compression === 'zstd' ? zstdCompressSync(tar) : tar;
  return {
    bytes,
    descriptor: describe(bytes, LAYER_TYPES[format][compression], algorithm),
    diffID: digestBytes(tar, algorithm) as DiffID,
  };
}

const LAYER_TYPES: Readonly<Record<'oci' | 'docker', Readonly<Record<Compression, string>>>> = {
  oci: { none: MEDIA_TYPE_OCI_LAYER, gzip: MEDIA_TYPE_OCI_LAYER_GZIP, zstd: MEDIA_TYPE_OCI_LAYER_ZSTD },
  docker: {
    none: MEDIA_TYPE_DOCKER_LAYER,
    gzip: MEDIA_TYPE_DOCKER_LAYER_GZIP,
    zstd: MEDIA_TYPE_OCI_LAYER_ZSTD,
  },
};

function* layerEntries(seed: string, files: number, sizeBytes: number): Generator<TarInput> {
  const folder = `layer-${seed.replaceAll(/[^\w]/g, '-')}`;
  const mtime = BigInt(Date.parse(CREATED)) * 1_000_000n;
  yield { entry: makeTarEntry({ type: 'directory', path: `${folder}/`, mtime }) };
  for (let index = 0; index < files; index++) {
    const path = `${folder}/file-${index}`;
    const content = seededBytes(`${seed}/${index}`, sizeBytes);
    yield { entry: makeTarEntry({ type: 'file', path, size: sizeBytes, mtime }), content: [content] };
  }
}

function describe(bytes: Uint8Array, mediaType: string, algorithm: DigestAlgorithm | undefined): Descriptor {
  return { mediaType, digest: digestBytes(bytes, algorithm), size: bytes.byteLength };
}
