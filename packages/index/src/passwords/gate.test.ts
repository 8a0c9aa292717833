import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from './gate.ts';

test('Gate lets as many in as it is wide, in order, and refuses beyond its queue', async () => {
  const gate = new Gate({ width: 2, queueLength: 3 });
  let running = 0;
  let widest = 0;
  const order: number[] = [];
  const work = (id: number) =>
    gate.run(async () => {
      running += 1;
      widest = Math.max(widest, running);
      order.push(id);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(work));
  assert.equal(widest, 2);
  assert.deepEqual(order, [1, 2, 3, 4, 5]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
  );
  await work(7);
  assert.equal(order.at(-1), 7);
});

test('Gate gives the place on when work fails', async () => {
  const gate = new Gate({ width: 1, queueLength: 1 });
  const failing = gate.run(async () => {
    throw new Error('no');
  });
  const next = gate.run(async () => 'yes');
  await assert.rejects(failing, /no/);
  assert.equal(await next, 'yes');
});
