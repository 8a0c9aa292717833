import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Digest } from './digest.ts';
import {
  familiarReference,
  formatReference,
  isRegistryHost,
  parseReference,
  type Reference,
} from './reference.ts';
import { isRepositoryName, type RepositoryName } from './repository-name.ts';
import { isTag, type Tag } from './tag.ts';

const sha256 = `sha256:${'f'.repeat(64)}`;
const sha512 = `sha512:${'f'.repeat(128)}`;
const hex = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';
const runs = { numRuns: process.env.BERTH_SOAK ? 20_000 : 200 };

// Facts of the public test vectors of distribution/reference (reference_test.go, normalize_test.go).
const VALID: readonly (readonly [text: string, registry: string, repository: string, suffix?: string])[] = [
  ['test_com', 'docker.io', 'library/test_com'],
  ['test.com:tag', 'docker.io', 'library/test.com', ':tag'],
  ['test.com:5000', 'docker.io', 'library/test.com', ':5000'],
  ['test.com/repo:tag', 'test.com', 'repo', ':tag'],
  ['test:5000/repo', 'test:5000', 'repo'],
  ['test:5000/repo:tag', 'test:5000', 'repo', ':tag'],
  [`test:5000/repo@${sha256}`, 'test:5000', 'repo', `@${sha256}`],
  [`test:5000/repo:tag@${sha256}`, 'test:5000', 'repo', `:tag@${sha256}`],
  ['lowercase:Uppercase', 'docker.io', 'library/lowercase', ':Uppercase'],
  ['sub-dom1.foo.com/bar/baz/quux:some-long-tag', 'sub-dom1.foo.com', 'bar/baz/quux', ':some-long-tag'],
  [
    'b.gcr.io/test.example.com/my-app:test.example.com',
    'b.gcr.io',
    'test.example.com/my-app',
    ':test.example.com',
  ],
  ['xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com', 'myimage', ':xn--n3h.com'],
  [`xn--7o8h.com/myimage:xn--7o8h.com@${sha512}`, 'xn--7o8h.com', 'myimage', `:xn--7o8h.com@${sha512}`],
  ['foo/foo_bar.com:8080', 'docker.io', 'foo/foo_bar.com', ':8080'],
  ['192.168.1.1:5000', 'docker.io', 'library/192.168.1.1', ':5000'],
  ['192.168.1.1/repo', '192.168.1.1', 'repo'],
  ['192.168.1.1:5000/repo:5050', '192.168.1.1:5000', 'repo', ':5050'],
  ['[2001:db8::1]/repo', '[2001:db8::1]', 'repo'],
  ['[2001:db8:1:2:3:4:5:6]/repo:tag', '[2001:db8:1:2:3:4:5:6]', 'repo', ':tag'],
  [`[2001:db8::1]:5000/repo:tag@${sha256}`, '[2001:db8::1]:5000', 'repo', `:tag@${sha256}`],
  ['[::1]:5000/repo', '[::1]:5000', 'repo'],
  ['docker/docker', 'docker.io', 'docker/docker'],
  ['docker.io/debian', 'docker.io', 'library/debian'],
  ['index.docker.io/debian', 'docker.io', 'library/debian'],
  ['index.docker.io/docker/docker', 'docker.io', 'docker/docker'],
  ['127.0.0.1:5000/debian', '127.0.0.1:5000', 'debian'],
  ['localhost/debian', 'localhost', 'debian'],
  ['Docker/docker', 'Docker', 'docker'],
  ['DOCKER/docker', 'DOCKER', 'docker'],
  ['docker---rules/docker', 'docker.io', 'docker---rules/docker'],
  ['dock__er/docker', 'docker.io', 'dock__er/docker'],
  ['test_com/foo', 'docker.io', 'test_com/foo'],
  ['docker.io/library/foo/bar', 'docker.io', 'library/foo/bar'],
  [`docker.io/${hex}`, 'docker.io', `library/${hex}`],
  [hex.slice(1), 'docker.io', `library/${hex.slice(1)}`],
  [
    `${'a/'.repeat(127)}a:tag-puts-this-over-max`,
    'docker.io',
    `${'a/'.repeat(127)}a`,
    ':tag-puts-this-over-max',
  ],
];

const INVALID: readonly (readonly [text: string, code: string])[] = [
  ['', 'REFERENCE_INVALID'],
  [':justtag', 'REFERENCE_INVALID'],
  [`@${sha256}`, 'REFERENCE_INVALID'],
  [`repo@sha256:${'f'.repeat(34)}`, 'DIGEST_INVALID'],
  [`validname@invaliddigest:${'f'.repeat(128)}`, 'DIGEST_INVALID'],
  ['Uppercase:tag', 'NAME_INVALID'],
  ['test:5000/Uppercase/lowercase:tag', 'NAME_INVALID'],
  [`${'a/'.repeat(128)}a:tag`, 'NAME_INVALID'],
  ['aa/asdf$$^/aa', 'NAME_INVALID'],
  ['[2001:db8::1]', 'NAME_INVALID'],
  ['[2001:db8::1]:5000', 'NAME_INVALID'],
  ['[fe80::1%eth0]:5000/repo', 'REFERENCE_INVALID'],
  ['[2001:db8:3:4::192.0.2.33]:5000/debian', 'REFERENCE_INVALID'],
  ['fc00::1:5000/debian', 'REFERENCE_INVALID'],
  ['https://github.com/docker/docker', 'REFERENCE_INVALID'],
  ['docker/Docker', 'NAME_INVALID'],
  ['-docker', 'NAME_INVALID'],
  ['-docker/docker', 'NAME_INVALID'],
  ['docker-/docker', 'NAME_INVALID'],
  ['-docker.io/docker/docker', 'REFERENCE_INVALID'],
  ['docker///docker', 'NAME_INVALID'],
  ['docker.io/docker///docker', 'NAME_INVALID'],
  ['____/____', 'NAME_INVALID'],
  ['dock..er/docker', 'REFERENCE_INVALID'],
  ['dock_.er/docker', 'REFERENCE_INVALID'],
  ['docker/', 'NAME_INVALID'],
  [hex, 'REFERENCE_INVALID'],
  [`sha256:${hex}`, 'REFERENCE_INVALID'],
  ['busybox:-foo', 'TAG_INVALID'],
  [`busybox:${'t'.repeat(129)}`, 'TAG_INVALID'],
  ['test.com/', 'REFERENCE_INVALID'],
  ['test:70000/repo', 'REFERENCE_INVALID'],
  ['a/b\n', 'NAME_INVALID'],
];

test('parseReference() reads what Docker reads', () => {
  for (const [text, registry, repository, suffix = ''] of VALID) {
    const reference = parseReference(text);
    assert.deepEqual([reference.registry, reference.repository], [registry, repository], text);
    assert.equal(formatReference(reference), `${registry}/${repository}${suffix}`, text);
  }
});

test('parseReference() refuses with the code of the part that is wrong, and a next step', () => {
  for (const [text, code] of INVALID) {
    assert.throws(() => parseReference(text), { name: 'OciError', code }, text);
  }
  assert.throws(() => parseReference('https://a.io/b'), { hint: 'Leave out "https://"' });
  assert.throws(() => parseReference('Team/../x'), { code: 'NAME_INVALID' });
});

test('parseReference() takes another registry as default, which gets no namespace', () => {
  const options = { defaultRegistry: 'localhost:8080', defaultTag: 'latest' };
  assert.equal(formatReference(parseReference('hello', options)), 'localhost:8080/hello:latest');
  assert.equal(formatReference(parseReference('team/hello:1', options)), 'localhost:8080/team/hello:1');
  assert.equal(formatReference(parseReference('docker.io/hello', options)), 'docker.io/library/hello:latest');
  assert.equal(formatReference(parseReference(`hello@${sha256}`, options)), `localhost:8080/hello@${sha256}`);
  assert.equal(familiarReference(parseReference('hello', options), options), 'hello:latest');
  assert.equal(
    familiarReference(parseReference('docker.io/hello', options), options),
    'docker.io/library/hello:latest',
  );
});

test('familiarReference() is as short as Docker prints it', () => {
  const cases = [
    ['docker.io/fooo/bar', 'fooo/bar'],
    ['index.docker.io/library/ubuntu-12.04-base', 'ubuntu-12.04-base'],
    ['docker.io/library/foo/bar', 'library/foo/bar'],
    ['127.0.0.1:8000/privatebase', '127.0.0.1:8000/privatebase'],
    ['Foo/bar', 'Foo/bar'],
    [`busybox:latest@${sha256}`, `busybox:latest@${sha256}`],
    // Shorter would be read as the host "foo.bar", and as an image ID.
    ['docker.io/foo.bar/app', 'docker.io/foo.bar/app'],
    [`docker.io/${hex}`, `library/${hex}`],
  ] as const;
  for (const [text, expected] of cases) assert.equal(familiarReference(parseReference(text)), expected);
});

const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const segment = fc
  .array(fc.tuple(word, fc.constantFrom('.', '_', '__', '-', '---')), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.map(([text, separator], at) => (at === 0 ? text : separator + text)).join(''));
const repository = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/') as RepositoryName);
const registry = fc.constantFrom(
  'docker.io',
  'localhost',
  'localhost:5000',
  'example.com',
  '[::1]:80',
  'Host',
  '10.0.0.1:1',
);
const tag = fc.option(fc.stringMatching(/^[\w][\w.-]{0,20}$/) as fc.Arbitrary<Tag>, { nil: undefined });
const digest = fc.option(fc.constantFrom(sha256, sha512) as fc.Arbitrary<Digest>, { nil: undefined });
const reference: fc.Arbitrary<Reference> = fc
  .tuple(registry, repository, tag, digest)
  .filter(([host, path]) => host !== 'docker.io' || path.includes('/'))
  .map(([host, path, tagged, digested]) => ({
    registry: host,
    repository: path,
    ...(tagged === undefined ? {} : { tag: tagged }),
    ...(digested === undefined ? {} : { digest: digested }),
  }));

test('parseReference() reads back what formatReference() and familiarReference() write', () => {
  fc.assert(
    fc.property(reference, registry, (each, defaultRegistry) => {
      assert.deepEqual(parseReference(formatReference(each)), each);
      assert.deepEqual(parseReference(formatReference(each), { defaultRegistry }), each);
      assert.deepEqual(parseReference(familiarReference(each)), each);
      assert.deepEqual(
        parseReference(familiarReference(each, { defaultRegistry }), { defaultRegistry }),
        each,
      );
    }),
    runs,
  );
});

test('parseReference() throws nothing but OciError and gives nothing but valid parts', () => {
  const nearly = fc.array(
    fc.constantFrom('a', 'B', '1', '.', '_', '-', '/', ':', '@', '[', ']', ' ', 'localhost', sha256),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        nearly.map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          const parsed = parseReference(text);
          assert.ok(isRegistryHost(parsed.registry));
          assert.ok(isRepositoryName(parsed.repository));
          assert.ok(parsed.tag === undefined || isTag(parsed.tag));
        } catch (error) {
          assert.equal((error as Error).name, 'OciError', String(error));
        }
      },
    ),
    { numRuns: process.env.BERTH_SOAK ? 100_000 : 500 },
  );
});
