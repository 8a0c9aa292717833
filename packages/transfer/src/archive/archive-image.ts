import {
  type ArchiveEntry,
  type Descriptor,
  type Digest,
  Digester,
  detectCompression,
  digestBytes,
  MEDIA_TYPE_OCI_CONFIG,
  MEDIA_TYPE_OCI_LAYER,
  MEDIA_TYPE_OCI_LAYER_GZIP,
  MEDIA_TYPE_OCI_LAYER_ZSTD,
  MEDIA_TYPE_OCI_MANIFEST,
  OciError,
  parseImageConfig,
  readAll,
} from '@berth/oci';
import type { FileSet } from '../files/file-set.ts';
import type { ManifestBytes } from '../interface.ts';

export interface ArchiveImage {
  readonly manifest: ManifestBytes;
  /** The member that holds each blob. */
  readonly paths: ReadonlyMap<Digest, string>;
}

const CONFIG_LIMIT_BYTES = 8 * 1024 * 1024;
const LAYER_MEDIA_TYPES = {
  none: MEDIA_TYPE_OCI_LAYER,
  gzip: MEDIA_TYPE_OCI_LAYER_GZIP,
  zstd: MEDIA_TYPE_OCI_LAYER_ZSTD,
} as const;

/**
 * Gives an image of a docker-archive the manifest it has not. The same archive gives the same manifest, always:
 * OCI's media types, layers as they lie there, uncompressed ones under their diffID.
 *
 * @throws {OciError} `ARCHIVE_INVALID`, `CONFIG_INVALID`
 */
export async function describeImage(files: FileSet, entry: ArchiveEntry): Promise<ArchiveImage> {
  const bytes = await readAll(read(files, entry.Config, await sizeOf(files, entry.Config)), {
    maxSizeBytes: CONFIG_LIMIT_BYTES,
    what: `config "${entry.Config}"`,
  });
  const diffIDs = parseImageConfig(bytes).rootfs.diff_ids;
  if (diffIDs.length !== entry.Layers.length) {
    throw new OciError(
      'ARCHIVE_INVALID',
      `Cannot use image "${entry.Config}": its config has ${diffIDs.length} layers, the archive ${entry.Layers.length}`,
    );
  }
  const config: Descriptor = {
    mediaType: MEDIA_TYPE_OCI_CONFIG,
    digest: digestBytes(bytes),
    size: bytes.length,
  };
  const paths = new Map<Digest, string>([[config.digest, entry.Config]]);
  const layers: Descriptor[] = [];
  for (const [position, path] of entry.Layers.entries()) {
    const layer = await describeLayer(files, path, diffIDs[position] as Digest);
    paths.set(layer.digest, path);
    layers.push(layer);
  }
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE_OCI_MANIFEST, config, layers }),
  );
  const descriptor = {
    mediaType: MEDIA_TYPE_OCI_MANIFEST,
    digest: digestBytes(manifest),
    size: manifest.length,
  };
  return { manifest: { descriptor, bytes: manifest }, paths };
}

/** An uncompressed layer is its diffID, checked when it is read; of others the digest is not known before. */
async function describeLayer(files: FileSet, path: string, diffID: Digest): Promise<Descriptor> {
  const size = await sizeOf(files, path);
  let compression: keyof typeof LAYER_MEDIA_TYPES | undefined;
  const digester = new Digester();
  for await (const chunk of files.read(path)) {
    compression ??= detectCompression(chunk);
    if (compression === 'none') break;
    digester.update(chunk);
  }
  compression ??= 'none';
  const digest = compression === 'none' ? diffID : digester.digest();
  return { mediaType: LAYER_MEDIA_TYPES[compression], digest, size };
}

async function sizeOf(files: FileSet, path: string): Promise<number> {
  const size = await files.size(path);
  if (size !== undefined) return size;
  throw new OciError(
    'ARCHIVE_INVALID',
    `Cannot read the archive: "${path}" is named by manifest.json and not there`,
  );
}

async function* read(files: FileSet, path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size > CONFIG_LIMIT_BYTES) {
    throw new OciError(
      'ARCHIVE_INVALID',
      `Cannot use config "${path}": it has ${size} bytes, at most ${CONFIG_LIMIT_BYTES} are read`,
    );
  }
  yield* files.read(path);
}
