import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSeconds, progressBar } from './format.ts';
import { Speed } from './layer-state.ts';

test('progressBar() is as wide as asked and full only at the end', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 8, max: 60 }),
      fc.boolean(),
      (part, width, hasUnicode) => {
        const bar = progressBar(part, { width, hasUnicode });
        assert.equal(bar.length, width);
      },
    ),
  );
  assert.equal(progressBar(0, { width: 8, hasUnicode: false }), '[      ]');
  assert.equal(progressBar(0.5, { width: 8, hasUnicode: false }), '[==>   ]');
  assert.equal(progressBar(1, { width: 8, hasUnicode: false }), '[======]');
  assert.equal(progressBar(Number.NaN, { width: 8, hasUnicode: true }), '────────');
  assert.equal(progressBar(2, { width: 8, hasUnicode: true }), '━━━━━━━━');
});

test('formatSeconds() is short', () => {
  assert.deepEqual([0.2, 59, 60, 3599, 3700].map(formatSeconds), [
    '1 s',
    '59 s',
    '1 min',
    '1 h 0 min',
    '1 h 2 min',
  ]);
});

test('Speed is that of the last seconds, and begins anew when bytes go back', () => {
  const speed = new Speed();
  assert.equal(speed.take(0, 0), 0);
  assert.equal(speed.take(1000, 1000), 1000);
  for (let second = 2; second <= 10; second += 1) speed.take(1000, second * 1000);
  assert.equal(speed.take(1000, 11_000), 0);
  assert.equal(speed.take(500, 12_000), 0);
  assert.equal(speed.take(2500, 13_000), 2000);
});
