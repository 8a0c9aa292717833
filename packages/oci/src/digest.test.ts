import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Digester, digestAlgorithm, digestBytes, digestHex, isDigest, parseDigest } from './digest.ts';

test('digestBytes() gives the known digests of nothing', () => {
  assert.equal(digestBytes(''), 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(
    digestBytes('', 'sha512'),
    'sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
  );
});

test('parseDigest() takes what isDigest() takes, nothing else', () => {
  const digest = digestBytes('x', 'sha512');
  assert.equal(parseDigest(digest), digest);
  assert.deepEqual([digestAlgorithm(digest), digestHex(digest).length], ['sha512', 128]);
  const hex = 'a'.repeat(64);
  for (const text of [
    '',
    hex,
    `sha256:${hex}a`,
    `sha256:${hex.slice(1)}`,
    `sha256:${hex.toUpperCase()}`,
    `sha384:${hex}`,
    `sha512:${hex}`,
    `sha256:${hex}\n`,
    ` sha256:${hex}`,
    `sha256:${'x'.repeat(1e6)}`,
  ]) {
    assert.equal(isDigest(text), false, text);
    assert.throws(() => parseDigest(text), { name: 'OciError', code: 'DIGEST_INVALID' }, text.slice(0, 200));
  }
});

test('Digester agrees with digestBytes() at every step', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), fc.constantFrom('sha256', 'sha512'), (chunks, algorithm) => {
      const digester = new Digester(algorithm);
      for (const [index, chunk] of chunks.entries()) {
        digester.update(chunk);
        assert.equal(digester.digest(), digestBytes(Buffer.concat(chunks.slice(0, index + 1)), algorithm));
      }
    }),
  );
});
