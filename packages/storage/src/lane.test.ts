import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Lane } from './lane.ts';

const { signal } = new AbortController();

test('a lane lets in the heaviest of those who come together, and equals in their order', async () => {
  const lane = new Lane(1);
  const order: string[] = [];
  const pass = async (name: string, weight?: number) => {
    const leave = await lane.enter(signal, weight);
    order.push(name);
    await turn();
    leave();
  };
  await Promise.all([pass('a'), pass('b', 5), pass('c', 7), pass('d'), pass('e', 5)]);
  assert.deepEqual(order, ['c', 'b', 'e', 'a', 'd']);
});

test('a lane has so many inside at a time, and whoever gives up takes no place', async () => {
  const lane = new Lane(2);
  const abort = new AbortController();
  const first = await lane.enter(signal);
  const second = await lane.enter(signal);
  const gone = lane.enter(abort.signal, 9);
  let isIn = false;
  const third = lane.enter(signal).then((leave) => {
    isIn = true;
    return leave;
  });
  abort.abort(new Error('enough'));
  await assert.rejects(gone, /enough/);
  await assert.rejects(lane.enter(abort.signal), /enough/);
  await turn();
  assert.equal(isIn, false);
  first();
  (await third)();
  second();
  await Promise.all([lane.enter(signal), lane.enter(signal)]);
});
