import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_STATE } from '../model.ts';
import { humanDuration } from './durations.ts';
import { statusText } from './status-text.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

test('humanDuration() speaks as Docker does', () => {
  for (const [ms, expected] of [
    [450, 'Less than a second'],
    [1 * SECOND, '1 second'],
    [59 * SECOND, '59 seconds'],
    [60 * SECOND, 'About a minute'],
    [179 * SECOND, '2 minutes'],
    [59.9 * 60 * SECOND, '59 minutes'],
    [HOUR, 'About an hour'],
    [1.4 * HOUR, 'About an hour'],
    [1.5 * HOUR, '2 hours'],
    [47 * HOUR, '47 hours'],
    [48 * HOUR, '2 days'],
    [13 * DAY, '13 days'],
    [14 * DAY, '2 weeks'],
    [59 * DAY, '8 weeks'],
    [60 * DAY, '2 months'],
    [729 * DAY, '24 months'],
    [730 * DAY, '2 years'],
  ] as const) {
    assert.equal(humanDuration(ms), expected, String(ms));
  }
});

describe('statusText()', () => {
  const now = Date.parse('2026-01-01T00:10:00Z');
  const started = { startedAt: '2026-01-01T00:00:00.5Z' };
  const finished = { ...started, finishedAt: '2026-01-01T00:08:00Z', exitCode: 3 };
  for (const [state, expected] of [
    [{}, 'Created'],
    [{ status: 'running', ...started }, 'Up 9 minutes'],
    [{ status: 'paused', ...started }, 'Up 9 minutes (Paused)'],
    [{ status: 'exited', ...finished }, 'Exited (3) 2 minutes ago'],
    [{ status: 'restarting', ...finished }, 'Restarting (3) 2 minutes ago'],
    [{ status: 'removing' }, 'Removal In Progress'],
    [{ status: 'dead' }, 'Dead'],
  ] as const) {
    test(expected, () => assert.equal(statusText({ ...FIRST_STATE, ...state }, now), expected));
  }
});
