import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesToPath, pathToBytes, showName } from './name-bytes.ts';

const runs = { numRuns: process.env.BERTH_SOAK === '1' ? 20_000 : 500 };

test('bytesToPath() and pathToBytes() give any bytes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.deepEqual(new Uint8Array(pathToBytes(bytesToPath(bytes))), bytes);
    }),
    runs,
  );
});

test('bytesToPath() and pathToBytes() give any well-formed text back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(bytesToPath(pathToBytes(text)), text);
    }),
    runs,
  );
});

test('bytesToPath() keeps bytes that are not UTF-8 as lone surrogates', () => {
  assert.equal(bytesToPath(Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82])), 'a\udcffé\udce2\udc82');
  // Overlong forms, surrogates and code points past U+10FFFF are not UTF-8.
  assert.equal(bytesToPath(Buffer.from([0xc0, 0xaf])), '\udcc0\udcaf');
  assert.equal(bytesToPath(Buffer.from([0xed, 0xa0, 0x80])), '\udced\udca0\udc80');
  assert.equal(bytesToPath(Buffer.from([0xf4, 0x90, 0x80, 0x80])), '\udcf4\udc90\udc80\udc80');
});

test('pathToBytes() refuses a surrogate that stands for no byte', () => {
  assert.throws(() => pathToBytes('a\ud800'), { code: 'TAR_INVALID' });
  assert.throws(() => pathToBytes('a\udc7f'), { code: 'TAR_INVALID' });
});

test('showName() makes a name safe for one line', () => {
  assert.equal(showName('a\nb"c\\d\x1b[31m\udcffé'), 'a\\x0ab\\"c\\\\d\\x1b[31m\\xffé');
  assert.equal(showName('x'.repeat(300)).length, 201);
});
