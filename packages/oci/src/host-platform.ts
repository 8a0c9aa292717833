import type { Platform } from './platform.ts';
import { normalizePlatform } from './platform-text.ts';

/** Node's names where they differ from Go's, which image-spec takes. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' };
const SYSTEMS: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' };

/** The platform this process runs on. */
export function hostPlatform(): Platform {
  const armVersion = (process.config.variables as { readonly arm_version?: unknown }).arm_version;
  const variant = process.arch === 'arm' && typeof armVersion === 'string' ? `v${armVersion}` : undefined;
  return normalizePlatform({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: SYSTEMS[process.platform] ?? process.platform,
    ...(variant === undefined ? {} : { variant }),
  });
}
