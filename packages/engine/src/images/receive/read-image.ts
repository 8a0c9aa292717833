import { hasCode } from '@berth/errors';
import {
  CONFIG_MAX_SIZE_BYTES,
  type Descriptor,
  digestAlgorithm,
  formatPlatform,
  type ImageConfig,
  type ImageID,
  type Manifest,
  MEDIA_TYPE_DOCKER_CONFIG,
  MEDIA_TYPE_OCI_CONFIG,
  type Platform,
  parseImageConfig,
  parseManifest,
  readAll,
} from '@berth/oci';
import { choosePlatform, type ImageSource, type ManifestBytes } from '@berth/transfer';
import { EngineError } from '../../errors.ts';

export interface ImageToReceive {
  readonly id: ImageID;
  readonly manifestBytes: ManifestBytes;
  readonly manifest: Manifest;
}

const CONFIG_TYPES: readonly string[] = [MEDIA_TYPE_OCI_CONFIG, MEDIA_TYPE_DOCKER_CONFIG];

/**
 * The manifest of the image for `platform` that a descriptor leads to.
 *
 * @throws {EngineError} `IMAGE_UNKNOWN` when an index has nothing for it; `IMAGE_INVALID` for what is no image
 */
export async function readManifest(
  source: ImageSource,
  descriptor: Descriptor,
  { platform, signal }: { readonly platform: Platform; readonly signal?: AbortSignal | undefined },
): Promise<ImageToReceive> {
  const call = signal === undefined ? {} : { signal };
  const chosen = await choosePlatform(source, descriptor, { ...call, platform }).catch((error: unknown) => {
    if (!hasCode(error) || error.code !== 'PLATFORM_UNKNOWN') throw error;
    throw new EngineError(
      'IMAGE_UNKNOWN',
      `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
      { cause: error, ...(hintOf(error) === undefined ? {} : { hint: hintOf(error) as string }) },
    );
  });
  const manifestBytes = await source.manifest(chosen, call);
  const parsed = parseManifest(manifestBytes.bytes, chosen.mediaType);
  if (parsed.kind === 'index') throw invalid(`manifest "${chosen.digest}" is an index in an index`);
  const { config } = parsed.manifest;
  if (!CONFIG_TYPES.includes(config.mediaType)) {
    throw invalid(`"${config.mediaType}" is not the config of a container image`, {
      hint: 'It is an artifact of another kind; fetch it with the program that made it',
    });
  }
  if (digestAlgorithm(config.digest) !== 'sha256') {
    throw invalid(`its config has digest "${config.digest}", and an image id is a sha256`);
  }
  return { id: config.digest as ImageID, manifestBytes, manifest: parsed.manifest };
}

/**
 * The config, verified by its digest and held against its manifest.
 *
 * @throws {EngineError} `IMAGE_INVALID`, `PLATFORM_MISMATCH` for what no Linux can run
 * @throws {OciError} `CONFIG_INVALID`, `DIGEST_MISMATCH`
 */
export async function readConfig(
  source: ImageSource,
  { manifest }: ImageToReceive,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly config: ImageConfig; readonly configBytes: Uint8Array }> {
  const { config: descriptor, layers } = manifest;
  if (descriptor.size > CONFIG_MAX_SIZE_BYTES) {
    throw invalid(`its config has ${descriptor.size} bytes, at most ${CONFIG_MAX_SIZE_BYTES} are read`);
  }
  const call = options.signal === undefined ? {} : { signal: options.signal };
  const configBytes = await readAll(source.blob(descriptor, call), {
    maxSizeBytes: CONFIG_MAX_SIZE_BYTES,
    what: `config "${descriptor.digest}"`,
  });
  const config = parseImageConfig(configBytes);
  const { diff_ids: diffIDs } = config.rootfs;
  if (diffIDs.length !== layers.length) {
    throw invalid(`its config has ${diffIDs.length} layers, its manifest ${layers.length}`);
  }
  if (config.os !== 'linux' && config.os !== '') {
    throw new EngineError(
      'PLATFORM_MISMATCH',
      `image operating system "${config.os}" cannot be used on this platform: operating system is not supported`,
    );
  }
  return { config, configBytes };
}

function invalid(why: string, options: { readonly hint?: string } = {}): EngineError {
  return new EngineError('IMAGE_INVALID', `Cannot take the image: ${why}`, options);
}

function hintOf(error: Error): string | undefined {
  const { hint } = error as { readonly hint?: unknown };
  return typeof hint === 'string' ? hint : undefined;
}
