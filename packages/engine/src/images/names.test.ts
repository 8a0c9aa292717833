import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageNames, referenceOf, repositoryKey, shortId } from './names.ts';

test('imageNames() reads short names by the default registry and shows them short', () => {
  const docker = imageNames();
  const reference = docker.parse('debian', { defaultTag: 'latest' });
  assert.equal(repositoryKey(reference), 'docker.io/library/debian');
  assert.equal(docker.familiar(reference), 'debian:latest');
  const own = imageNames({ defaultRegistry: 'localhost:5000' });
  const local = own.parse('team/app:1');
  assert.equal(repositoryKey(local), 'localhost:5000/team/app');
  assert.equal(own.familiar(local), 'team/app:1');
  assert.equal(own.familiar(own.parse('docker.io/library/debian:13')), 'docker.io/library/debian:13');
});

test('referenceOf() gives back what a row was made of', () => {
  const names = imageNames();
  for (const text of ['debian:13', 'localhost:5000/a/b:c', '[::1]:5000/x:y']) {
    const reference = names.parse(text);
    const again = referenceOf(repositoryKey(reference), { tag: reference.tag as string });
    assert.equal(names.familiar(again), text);
  }
});

test('parse() refuses in the words of Docker', () => {
  const names = imageNames();
  const refuses = (text: string, message: string) =>
    assert.throws(() => names.parse(text), { code: 'REFERENCE_INVALID', message });
  refuses('', 'invalid reference format');
  refuses('a b', 'invalid reference format');
  refuses('../etc/passwd', 'invalid reference format');
  refuses('debian:', 'invalid reference format');
  refuses('Debian', 'invalid reference format: repository name (Debian) must be lowercase');
  const hex = 'ab'.repeat(32);
  refuses(hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`);
});

test('shortId() is twelve digits without the algorithm', () => {
  assert.equal(shortId(`sha256:${'0123456789abcdef'.repeat(4)}`), '0123456789ab');
});
