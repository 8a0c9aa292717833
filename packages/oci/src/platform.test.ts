import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Descriptor } from './descriptor.ts';
import { digestBytes } from './digest.ts';
import { hostPlatform } from './host-platform.ts';
import type { Platform } from './platform.ts';
import { formatPlatform, normalizePlatform, parsePlatform } from './platform-text.ts';
import { selectPlatform } from './select-platform.ts';

function entry(text: string | undefined, more: Partial<Descriptor> = {}): Descriptor {
  const [os = '', architecture = '', variant] = text?.split('/') ?? [];
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestBytes(`${text} ${JSON.stringify(more)}`),
    size: 1,
    ...(text === undefined ? {} : { platform }),
    ...more,
  };
}

test('parsePlatform() reads and normalizes', () => {
  const cases = [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['Linux/AMD64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/i386', 'linux/386'],
    ['macos/arm64', 'darwin/arm64'],
    ['arm64', 'linux/arm64'],
    ['windows(10.0.17763.1)/amd64', 'windows(10.0.17763.1)/amd64'],
  ] as const;
  for (const [text, expected] of cases) {
    assert.equal(formatPlatform(parsePlatform(text)), expected, text);
    assert.deepEqual(parsePlatform(expected), parsePlatform(text), text);
  }
});

test('parsePlatform() refuses what is no platform', () => {
  for (const text of [
    '',
    '/',
    'linux',
    'nothing',
    'linux/',
    '/amd64',
    'a/b/c/d',
    'linux/amd 64',
    'linux(/amd64',
    '__proto__',
  ]) {
    assert.throws(() => parsePlatform(text), { name: 'OciError', code: 'PLATFORM_INVALID' }, text);
  }
});

test('normalizePlatform() may be repeated', () => {
  const part = fc.constantFrom(
    'amd64',
    'x86_64',
    'arm',
    'arm64',
    'armhf',
    'ARMEL',
    '386',
    'v8',
    '7',
    'v1',
    '',
    'linux',
    'toString',
  );
  fc.assert(
    fc.property(part, part, fc.option(part, { nil: undefined }), (os, architecture, variant) => {
      const once = normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
      assert.deepEqual(normalizePlatform(once), once);
    }),
  );
});

test('hostPlatform() is a platform that can be read back', () => {
  assert.deepEqual(parsePlatform(formatPlatform(hostPlatform())), hostPlatform());
});

test('selectPlatform() takes the best that runs', () => {
  const cases: [wanted: string, entries: string[], expected: string | undefined][] = [
    ['linux/amd64', ['linux/386', 'linux/arm64', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64', ['linux/386', 'linux/arm64'], 'linux/386'],
    ['linux/amd64', ['linux/amd64/v2', 'linux/arm64'], undefined],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2'], 'linux/amd64/v2'],
    ['linux/amd64', ['windows/amd64', 'linux/s390x'], undefined],
    ['linux/arm/v8', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
    ['linux/arm/v7', ['linux/arm/v8', 'linux/arm/v6'], 'linux/arm/v6'],
    ['linux/arm', ['linux/arm/v5', 'linux/arm'], 'linux/arm'],
    ['linux/arm/v5', ['linux/arm/v6', 'linux/arm/v7'], undefined],
    ['linux/arm64', ['linux/arm/v7', 'linux/arm64/v8'], 'linux/arm64/v8'],
    ['linux/arm64', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
    ['linux/arm64/v8.2', ['linux/arm64', 'linux/arm64/v8.1'], 'linux/arm64/v8.1'],
    ['linux/arm64/v9', ['linux/arm64', 'linux/arm64/v8.5', 'linux/arm64/v8.6'], 'linux/arm64/v8.5'],
    ['linux/riscv64', ['linux/riscv64', 'linux/riscv64'], 'linux/riscv64'],
    ['unknown/unknown', ['unknown/unknown'], undefined],
    ['linux/amd64', [], undefined],
  ];
  for (const [wanted, entries, expected] of cases) {
    const descriptors = entries.map((text) => entry(text));
    const selected = selectPlatform(descriptors, parsePlatform(wanted));
    assert.equal(selected?.digest, expected === undefined ? undefined : entry(expected).digest, wanted);
  }
});

test('selectPlatform() takes an entry without platform only when it is the only image', () => {
  const wanted: Platform = { os: 'linux', architecture: 'amd64' };
  const bare = entry(undefined);
  assert.equal(selectPlatform([bare, entry('unknown/unknown')], wanted), bare);
  assert.equal(selectPlatform([bare, entry('linux/arm64')], wanted), undefined);
  assert.equal(selectPlatform([entry(undefined, { artifactType: 'a/b' })], wanted), undefined);
});

test('selectPlatform() compares Windows builds', () => {
  const build = (version: string) =>
    entry(undefined, { platform: { os: 'windows', architecture: 'amd64', 'os.version': version } });
  const entries = [build('10.0.14393.1'), build('10.0.17763.1'), build('10.0.17763.5')];
  assert.equal(selectPlatform(entries, parsePlatform('windows(10.0.17763.5)/amd64')), entries[2]);
  assert.equal(selectPlatform(entries, parsePlatform('windows(10.0.17763.9)/amd64')), entries[1]);
  assert.equal(selectPlatform(entries, parsePlatform('windows(10.0.20348.1)/amd64')), undefined);
});
