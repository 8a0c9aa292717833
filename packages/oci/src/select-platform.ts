import type { Descriptor } from './descriptor.ts';
import type { Platform } from './platform.ts';
import { normalizePlatform } from './platform-text.ts';

/**
 * The entry of an index that runs best on `wanted`, by containerd's order: the exact variant, then older variants
 * of the same architecture, then the 32-bit sibling (amd64 → 386, arm64 → arm/v8 … v5). Of equals the first wins.
 *
 * Entries of the platform `unknown/unknown` (attestations) never match. An entry without a platform matches only
 * when it is the only image there is.
 */
export function selectPlatform(descriptors: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const images = descriptors.filter((descriptor) => !isAttestation(descriptor));
  const [only] = images;
  if (images.length === 1 && only?.platform === undefined && only?.artifactType === undefined) return only;
  for (const candidate of runnable(normalizePlatform(wanted))) {
    const fits = images.filter(
      ({ platform }) => platform !== undefined && matches(normalizePlatform(platform), candidate),
    );
    const best = fits.find(({ platform }) => platform?.['os.version'] === candidate['os.version']) ?? fits[0];
    if (best !== undefined) return best;
  }
  return undefined;
}

function isAttestation(descriptor: Descriptor): boolean {
  return descriptor.platform?.os === 'unknown' && descriptor.platform.architecture === 'unknown';
}

function matches(actual: Platform, wanted: Platform): boolean {
  if (actual.os !== wanted.os || actual.architecture !== wanted.architecture) return false;
  if ((actual.variant ?? '') !== (wanted.variant ?? '')) return false;
  const features = wanted['os.features'];
  if (features !== undefined && !(actual['os.features'] ?? []).every((feature) => features.includes(feature)))
    return false;
  return wanted.os !== 'windows' || isSameBuild(actual['os.version'], wanted['os.version']);
}

/** Windows images run on hosts of the same major.minor.build. */
function isSameBuild(actual: string | undefined, wanted: string | undefined): boolean {
  if (actual === undefined || wanted === undefined) return true;
  return actual.split('.').slice(0, 3).join('.') === wanted.split('.').slice(0, 3).join('.');
}

/** All that the platform can run, best first, normalized. */
function runnable(platform: Platform): Platform[] {
  const { architecture, variant } = platform;
  const withVariants = (name: string, variants: readonly string[]): Platform[] =>
    variants.map((each) => normalizePlatform({ ...platform, architecture: name, variant: each }));
  if (architecture === 'amd64') {
    const level = Number(variant?.slice(1) ?? 1) || 1;
    return [
      platform,
      ...withVariants(
        'amd64',
        down(level - 1, 1).map((n) => `v${n}`),
      ),
      ...withVariants('386', ['']),
    ];
  }
  if (architecture === 'arm')
    return [platform, ...withVariants('arm', olderArm(Number(variant?.slice(1)) - 1))];
  if (architecture === 'arm64') {
    return [
      platform,
      ...withVariants('arm64', olderArm64(variant ?? 'v8')),
      ...withVariants('arm', olderArm(8)),
    ];
  }
  return [platform];
}

function olderArm(from: number): string[] {
  return Number.isInteger(from) ? down(Math.min(from, 8), 5).map((n) => `v${n}`) : [];
}

/** Arm's v9.x can all that v8.(x+5) can; `v8.0` is written `v8`. */
function olderArm64(variant: string): string[] {
  const match = /^v([89])(?:\.([0-9]))?$/.exec(variant);
  if (match === null) return [];
  const minor = Number(match[2] ?? 0);
  const name = (major: number) => (n: number) => (n === 0 ? `v${major}` : `v${major}.${n}`);
  if (match[1] === '8') return down(minor - 1, 0).map(name(8));
  return [...down(minor - 1, 0).map(name(9)), ...down(minor + 5, 0).map(name(8))];
}

function down(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => from - index);
}
