import {
  digestBytes,
  formatPlatform,
  hostPlatform,
  MEDIA_TYPE_OCI_MANIFEST,
  type Platform,
  parsePlatform,
  selectPlatform,
} from '@berth/oci';
import { EngineError } from '../errors.ts';
import type { StoredImage } from '../parts.ts';
import { refused } from './settings/refuse.ts';

/**
 * An image for another machine is made into a container with a warning, as Docker does: an emulator may be there. When a
 * platform was asked for, it must be the image's.
 *
 * @throws {EngineError} `PLATFORM_MISMATCH`: clients pull then
 */
export function platformWarnings(
  image: StoredImage,
  options: { readonly name: string; readonly wanted: string | undefined },
): readonly string[] {
  const { os, architecture, variant } = image.config;
  const own = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  if (os !== 'linux') throw refused(`image operating system "${os}" cannot be used on this platform`);
  if (options.wanted !== undefined && options.wanted !== '') {
    const wanted = parsePlatform(options.wanted);
    if (!runsOn(own, wanted)) {
      const message = `image with reference ${options.name} was found but does not provide the specified platform (${formatPlatform(wanted)}): wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(own)}`;
      throw new EngineError('PLATFORM_MISMATCH', message);
    }
    return [];
  }
  if (runsOn(own, hostPlatform())) return [];
  return [
    `The requested image's platform (${formatPlatform(own)}) does not match the detected host platform (${formatPlatform(hostPlatform())}) and no specific platform was requested`,
  ];
}

function runsOn(own: Platform, wanted: Platform): boolean {
  const entry = { mediaType: MEDIA_TYPE_OCI_MANIFEST, digest: digestBytes(''), size: 0, platform: own };
  return selectPlatform([entry], wanted) !== undefined;
}
