import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, MAX_PART_BYTES } from './line-splitter.ts';

/** One by one, and many at once: both must be the same. */
function split(chunks: readonly Uint8Array[]): string[] {
  const parts: string[] = [];
  const splitter = new LineSplitter();
  for (const chunk of chunks) splitter.push(chunk, (text) => parts.push(text));
  splitter.end((text) => parts.push(text));
  const again: string[] = [];
  const atOnce = new LineSplitter();
  for (const chunk of chunks)
    atOnce.push(
      chunk,
      (text) => again.push(text),
      (text) => again.push(...text.split(/(?<=\n)/)),
    );
  atOnce.end((text) => again.push(text));
  assert.deepEqual(again, parts);
  return parts;
}

test('lines are cut at line feeds, however they arrive', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(20)), (lines, cuts) => {
      const text = lines.map((line) => `${line}\n`).join('');
      const bytes = Buffer.from(text);
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      chunks.push(bytes.subarray(at));
      assert.deepEqual(split(chunks), text === '' ? [] : text.split(/(?<=\n)/));
    }),
  );
});

test('the memory of a chunk may be used again', () => {
  const parts: string[] = [];
  const splitter = new LineSplitter();
  const memory = Buffer.from('begin');
  splitter.push(memory, (text) => parts.push(text));
  memory.fill(0);
  splitter.push(Buffer.from(' end\n'), (text) => parts.push(text));
  assert.deepEqual(parts, ['begin end\n']);
});

test('a line of exactly the limit is whole, a longer one comes in parts, never inside a character', () => {
  const whole = 'x'.repeat(MAX_PART_BYTES);
  assert.deepEqual(split([Buffer.from(`${whole}\n`)]), [`${whole}\n`]);
  assert.deepEqual(split([Buffer.from(`${whole}y\n`)]), [whole, 'y\n']);
  const wide = `${'x'.repeat(MAX_PART_BYTES - 1)}😀tail\n`;
  assert.deepEqual(split([Buffer.from(wide)]), ['x'.repeat(MAX_PART_BYTES - 1), '😀tail\n']);
  assert.deepEqual(
    split([Buffer.from(`${whole}${whole}z`)]).map((part) => part.length),
    [MAX_PART_BYTES, MAX_PART_BYTES, 1],
  );
});

test('bytes that are no UTF-8 end nothing', () => {
  const parts = split([Buffer.alloc(MAX_PART_BYTES + 10, 0x80), Buffer.from('\n')]);
  assert.equal(parts.length, 2);
});

test('restore() goes on inside a line', () => {
  const splitter = new LineSplitter();
  splitter.restore(Buffer.from('half'), true);
  const parts: string[] = [];
  splitter.push(Buffer.from(' whole\n'), (text) => parts.push(text));
  assert.deepEqual(parts, ['half whole\n']);
  assert.equal(splitter.isInsideLine, false);
});
