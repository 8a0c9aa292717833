import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanSize, progressBar } from './progress-bar.ts';

test('humanSize() has four digits and decimal units', () => {
  assert.deepEqual([0, 999, 1000, 1234, 56_789, 123_456_789, 2_000_000_000].map(humanSize), [
    '0B',
    '999B',
    '1kB',
    '1.234kB',
    '56.79kB',
    '123.5MB',
    '2GB',
  ]);
});

test('progressBar() is fifty wide, and full at the end', () => {
  assert.equal(progressBar(0, 100), `[>${' '.repeat(49)}]  0B/100B`);
  assert.equal(progressBar(50, 100), `[${'='.repeat(25)}>${' '.repeat(24)}]  50B/100B`);
  assert.equal(progressBar(100, 100), `[${'='.repeat(50)}>]  100B/100B`);
  assert.equal(progressBar(1500, undefined), '   1.5kB');
});
