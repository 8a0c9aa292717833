import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RowCache } from './row-cache.ts';

describe('RowCache', () => {
  it('gives what the database would say, however reads and writes meet', async () => {
    const action = fc.constantFrom(
      'begin' as const,
      'commit' as const,
      'end' as const,
      'ask' as const,
      'answer' as const,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const cache = new RowCache();
        let stored = 1;
        let phase: 'idle' | 'begun' | 'committed' = 'idle';
        const answers: (() => void)[] = [];
        const asked: Promise<void>[] = [];
        for (const each of actions) {
          if (each === 'begin' && phase === 'idle') {
            cache.beginWrite();
            phase = 'begun';
          } else if (each === 'commit' && phase === 'begun') {
            stored += 1;
            phase = 'committed';
          } else if (each === 'end' && phase !== 'idle') {
            cache.endWrite();
            phase = 'idle';
          } else if (each === 'ask') {
            const before = stored;
            const row = cache.get('key', async () => {
              const seen = stored;
              await new Promise<void>((resolve) => answers.push(resolve));
              return seen;
            });
            // Never older than what was committed when it was asked.
            asked.push(row.then((value) => assert.ok(value !== undefined && value >= before)));
          } else if (each === 'answer') {
            answers.shift()?.();
          }
          await Promise.resolve();
        }
        for (const answer of answers) answer();
        await Promise.all(asked);
      }),
    );
  });

  it('does not keep a row whose read began within a write and came back after it', async () => {
    const cache = new RowCache();
    const late = Promise.withResolvers<number>();
    cache.beginWrite();
    const asked = cache.get('key', () => late.promise);
    cache.endWrite();
    late.resolve(1);
    assert.equal(await asked, 1);
    assert.equal(await cache.get('key', async () => 2), 2);
  });

  it('reads once while nothing is written', async () => {
    const cache = new RowCache();
    let reads = 0;
    const get = (): Promise<number | undefined> => cache.get('key', async () => ++reads);
    assert.deepEqual([await get(), await get()], [1, 1]);
    cache.beginWrite();
    assert.deepEqual([await get(), await get()], [2, 3]);
    cache.endWrite();
    assert.deepEqual([await get(), await get()], [4, 4]);
  });
});
