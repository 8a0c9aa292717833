import { type Descriptor, formatPlatform, type Platform, parseManifest, selectPlatform } from '@berth/oci';
import { TransferError } from '../errors.ts';
import type { CallOptions, ImageSource } from '../interface.ts';

/**
 * The image manifest of `platform` that a descriptor leads to; a manifest that is in no index is itself the answer.
 *
 * @throws {TransferError} `PLATFORM_UNKNOWN` with the platforms there are
 */
export async function choosePlatform(
  source: ImageSource,
  descriptor: Descriptor,
  options: CallOptions & { readonly platform: Platform },
): Promise<Descriptor> {
  const { platform, ...callOptions } = options;
  const { bytes } = await source.manifest(descriptor, callOptions);
  const parsed = parseManifest(bytes, descriptor.mediaType);
  if (parsed.kind === 'manifest') return descriptor;
  const { manifests } = parsed.index;
  const chosen = selectPlatform(manifests, platform);
  if (chosen !== undefined) return choosePlatform(source, chosen, options);
  const offered = platformsOf(manifests);
  throw new TransferError(
    'PLATFORM_UNKNOWN',
    `Cannot take "${formatPlatform(platform)}" from "${source.location}": there is no image for it`,
    {
      hint:
        offered.length === 0
          ? 'The index has no image with a platform'
          : `Choose one of ${offered.join(', ')}`,
      detail: { platform: formatPlatform(platform), offered },
    },
  );
}

/** Each platform once, in the order of the index; attestations have none. */
export function platformsOf(manifests: readonly Descriptor[]): readonly string[] {
  const names = manifests.flatMap(({ platform }) => {
    return platform === undefined || platform.os === 'unknown' ? [] : [formatPlatform(platform)];
  });
  return [...new Set(names)];
}
