import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatNanoseconds } from './clock.ts';
import { entryEnd, formatEntry, formatLines, parseEntry } from './json-lines.ts';

const END = entryEnd('stdout', '2026-11-26T14:10:08.1234Z');

test('a line is byte for byte what Docker writes', () => {
  assert.equal(
    formatEntry('a "b" \\ <c> & d\te\b\f\r\x01\x7f é 😀\u2028\n', END),
    '{"log":"a \\"b\\" \\\\ \\u003cc\\u003e \\u0026 d\\u0009e\\u0008\\u000c\\r\\u0001\x7f é 😀\\u2028\\n","stream":"stdout","time":"2026-11-26T14:10:08.1234Z"}\n',
  );
});

test('a backslash before a letter stays two characters', () => {
  const text = 'C:\\temp\\new \\\t \\\\t\n';
  assert.equal(
    formatEntry(text, END),
    '{"log":"C:\\\\temp\\\\new \\\\\\u0009 \\\\\\\\t\\n","stream":"stdout","time":"2026-11-26T14:10:08.1234Z"}\n',
  );
  assert.equal(Buffer.from(parseEntry(formatEntry(text, END))?.bytes ?? []).toString(), text);
});

test('parseEntry() passes over what is torn or of another form', () => {
  for (const line of [
    '',
    '{"log":"a',
    '42',
    'null',
    '{"log":1,"stream":"stdout","time":"x"}',
    '{"log":"a","stream":"x","time":"t"}',
  ])
    assert.equal(parseEntry(line), undefined);
});

test('formatNanoseconds() has no zeros at the end', () => {
  assert.equal(formatNanoseconds(1_764_166_208_123_456_789n), '2025-11-26T14:10:08.123456789Z');
  assert.equal(formatNanoseconds(1_764_166_208_120_000_000n), '2025-11-26T14:10:08.12Z');
  assert.equal(formatNanoseconds(1_764_166_208_000_000_000n), '2025-11-26T14:10:08Z');
});

test('many lines at once are what they are one by one', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'an$&<>"\\\t\r\0é😀\u2028') })), (texts) => {
      const lines = ['first', ...texts.map((text) => text.replaceAll('\n', ''))].map((text) => `${text}\n`);
      assert.equal(formatLines(lines.join(''), END), lines.map((line) => formatEntry(line, END)).join(''));
    }),
  );
});
