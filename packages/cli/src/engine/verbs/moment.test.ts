import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moment } from './moment.ts';

const NOW = Date.UTC(2026, 10, 27, 9, 27, 46, 850);

test('moment() takes a time so long ago to the second, as docker does', () => {
  assert.equal(moment('until', '0s', NOW), String(Math.floor(NOW / 1000)));
  assert.equal(moment('since', '1m30s', NOW), String(Math.floor(NOW / 1000) - 90));
  assert.equal(moment('since', '100ms', NOW), String(Math.floor(NOW / 1000)));
});

test('moment() hands on seconds, reads dates, and refuses what is neither', () => {
  assert.equal(moment('since', '1700000000.5', NOW), '1700000000.5');
  assert.equal(moment('since', undefined, NOW), undefined);
  assert.equal(moment('since', '', NOW), undefined);
  assert.equal(moment('since', '2026-11-27T09:27:46.5Z', NOW), '1795771666.500000000');
  assert.throws(() => moment('until', 'soon', NOW), { message: /invalid value for "until".*"soon"/ });
});
