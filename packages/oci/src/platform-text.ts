import { OciError } from './errors.ts';
import type { Platform } from './platform.ts';

const PART = /^[A-Za-z0-9_.-]+$/;
const OS_AND_VERSION = /^([A-Za-z0-9_.-]+)(?:\(([A-Za-z0-9_.-]+)\))?$/;

/**
 * Reads `os/architecture[/variant]`, as in `linux/arm64/v8`, or an architecture alone, which means Linux.
 * `windows(10.0.17763)/amd64` has an OS version. The result is normalized.
 *
 * @throws {OciError} `PLATFORM_INVALID`
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  const [first, architecture, variant] = parts.length === 1 ? ['linux', text] : parts;
  const match = OS_AND_VERSION.exec(first ?? '');
  const rest = [architecture, ...(variant === undefined ? [] : [variant])];
  const isWrong =
    match === null || parts.length > 3 || !rest.every((part) => part !== undefined && PART.test(part));
  if (isWrong || (parts.length === 1 && !isKnownArchitecture(text))) {
    throw new OciError(
      'PLATFORM_INVALID',
      `Cannot read platform "${text.slice(0, 160)}": expected os/architecture[/variant]`,
      {
        hint: 'Use for instance "linux/amd64", "linux/arm64" or "linux/arm/v7"',
      },
    );
  }
  const version = match[2];
  return normalizePlatform({
    os: match[1] ?? '',
    architecture: architecture ?? '',
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
  });
}

/** `linux/arm/v7`; with the OS version when there is one. Normalized first. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant, 'os.version': version } = normalizePlatform(platform);
  const system = version === undefined ? os : `${os}(${version})`;
  return [system, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

const ARCHITECTURES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  i386: ['386', ''],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

const KNOWN = new Set(
  '386 amd64 arm arm64 loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x wasm'.split(' '),
);

function isKnownArchitecture(text: string): boolean {
  const lower = text.toLowerCase();
  return KNOWN.has(lower) || Object.hasOwn(ARCHITECTURES, lower);
}

/**
 * One spelling for each platform: lower case, Go's architecture names, `arm` with its variant (v7 when none is
 * given), `arm64/v8` and `amd64/v1` without theirs, for these are what the bare names mean.
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const alias = Object.hasOwn(ARCHITECTURES, given) ? ARCHITECTURES[given] : undefined;
  const architecture = alias?.[0] ?? given;
  const variant = normalVariant(architecture, alias?.[1] ?? platform.variant?.toLowerCase() ?? '');
  return {
    architecture,
    os: os === 'macos' ? 'darwin' : os,
    ...(variant === '' ? {} : { variant }),
    ...(platform['os.version'] ? { 'os.version': platform['os.version'] } : {}),
    ...(platform['os.features']?.length ? { 'os.features': platform['os.features'] } : {}),
  };
}

function normalVariant(architecture: string, variant: string): string {
  if (architecture === 'amd64') return variant === 'v1' ? '' : variant;
  if (architecture === 'arm64') return variant === '8' || variant === 'v8' ? '' : variant;
  if (architecture === 'arm') {
    if (variant === '') return 'v7';
    return /^[5-8]$/.test(variant) ? `v${variant}` : variant;
  }
  return variant;
}
