import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { Limiter } from './limiter.ts';

test('Limiter runs everything, never more than the limit at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.boolean(), { maxLength: 30 }),
      async (limit, fails) => {
        const limiter = new Limiter(limit);
        let running = 0;
        let most = 0;
        const results = await Promise.allSettled(
          fails.map((isFailing) =>
            limiter.run(async () => {
              running += 1;
              most = Math.max(most, running);
              await nextTurn();
              running -= 1;
              if (isFailing) throw new Error('failed');
            }),
          ),
        );
        assert.deepEqual(
          results.map(({ status }) => status === 'rejected'),
          fails,
        );
        assert.ok(most <= limit);
        assert.equal(most, Math.min(limit, fails.length));
      },
    ),
    { numRuns: 30 },
  );
});
