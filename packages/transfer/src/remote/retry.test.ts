import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff, isCut, parseRetryAfter, type RetryPolicy } from './retry.ts';

const policy: RetryPolicy = {
  ...{ attempts: 3, baseDelayMs: 1, maxDelayMs: 2, maxRetryAfterMs: 50 },
  readTimeoutMs: 1000,
};

test('Backoff gives up after so many tries without progress', async () => {
  const notices: number[] = [];
  const backoff = new Backoff(policy, ({ attempt }) => notices.push(attempt));
  assert.equal(await backoff.next({ reason: 'cut' }), true);
  assert.equal(await backoff.next({ reason: 'cut' }), true);
  assert.equal(await backoff.next({ reason: 'cut' }), false);
  assert.deepEqual(notices, [1, 2]);
});

test('Backoff waits twice for one who is silent', async () => {
  const backoff = new Backoff({ ...policy, attempts: 6 });
  assert.equal(await backoff.next({ reason: 'no answer', isSilence: true }), true);
  assert.equal(await backoff.next({ reason: 'no answer', isSilence: true }), false);
});

test('Backoff counts anew after progress', async () => {
  const backoff = new Backoff(policy);
  for (let tries = 0; tries < 10; tries += 1) {
    assert.equal(await backoff.next({ reason: 'cut' }), true);
    backoff.progress();
  }
});

test('Backoff waits as long as the registry asks, and not for an age', async () => {
  const waits: number[] = [];
  const backoff = new Backoff(policy, ({ waitMs }) => waits.push(waitMs));
  assert.equal(await backoff.next({ reason: 'busy', retryAfterMs: 20 }), true);
  assert.deepEqual(waits, [20]);
  assert.equal(await backoff.next({ reason: 'busy', retryAfterMs: 51 }), false);
});

test('Backoff ends its wait when the call is cancelled', async () => {
  const backoff = new Backoff({ ...policy, baseDelayMs: 60_000, maxDelayMs: 60_000 });
  await assert.rejects(backoff.next({ reason: 'cut' }, { signal: AbortSignal.timeout(5) }), {
    name: 'AbortError',
  });
});

test('parseRetryAfter() reads seconds and dates', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(parseRetryAfter('7', now), 7000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2025 00:00:30 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), undefined);
  assert.equal(parseRetryAfter(undefined, now), undefined);
});

test('isCut() sees through what Node throws for several addresses', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  assert.equal(isCut(refused), true);
  assert.equal(isCut(new AggregateError([refused])), true);
  assert.equal(isCut(Object.assign(new Error('no'), { code: 'ENOENT' })), false);
  assert.equal(isCut(new Error('no')), false);
});
