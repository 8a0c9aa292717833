import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from './moment.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');

for (const [text, expected] of [
  ['0', '1970-01-01T00:00:00.000Z'],
  ['1700000000', '2023-11-14T22:13:20.000Z'],
  ['1700000000.5', '2023-11-14T22:13:20.500Z'],
  ['10m', '2026-01-02T02:54:05.678Z'],
  ['1h30m', '2026-01-02T01:34:05.678Z'],
  ['1.5h', '2026-01-02T01:34:05.678Z'],
  ['-1h', '2026-01-02T04:04:05.678Z'],
  ['500ms', '2026-01-02T03:04:05.178Z'],
  ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z'],
  ['2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:00.123Z'],
  ['2026-01-01T02:00:00+02:00', '2026-01-01T00:00:00.000Z'],
] as const) {
  test(`parseMoment() reads ${text}`, () => {
    assert.equal(parseMoment(text, NOW).toISOString(), expected);
  });
}

test('parseMoment() without a zone is of this machine', () => {
  assert.equal(parseMoment('2026-01-01').getTime(), new Date(2026, 0, 1).getTime());
  assert.equal(parseMoment('2026-01-01T10:20').getTime(), new Date(2026, 0, 1, 10, 20).getTime());
});

for (const text of ['', 'yesterday', '10x', '2026-13-01', '2026-01-01T25:00:00Z', '1h 2m']) {
  test(`parseMoment() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseMoment(text), { code: 'FILTER_INVALID' });
  });
}
