import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mutex } from './mutex.ts';

test('Mutex.run() lets one in at a time, in the order of asking', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const work = (name: string, ms: number) =>
    mutex.run(async () => {
      seen.push(`${name} in`);
      await sleep(ms);
      seen.push(`${name} out`);
    });
  await Promise.all([work('a', 5), work('b', 0), work('c', 1)]);
  assert.deepEqual(seen, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
});

test('Mutex.run() goes on after a failure, and gives it to who caused it', async () => {
  const mutex = new Mutex();
  const failing = mutex.run(async () => {
    throw new Error('mine');
  });
  const next = mutex.run(async () => 'fine');
  await assert.rejects(failing, /mine/);
  assert.equal(await next, 'fine');
});

test('Mutex.run() lets who waits go by its signal, and keeps the order of the others', async () => {
  const mutex = new Mutex();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = mutex.run(() => gate.promise);
  const abort = new AbortController();
  const second = mutex.run(async () => seen.push('second'), { signal: abort.signal });
  const third = mutex.run(async () => seen.push('third'));
  abort.abort(new Error('no patience'));
  await assert.rejects(second, /no patience/);
  await sleep(2);
  assert.deepEqual(seen, [], 'the third still waits for the first');
  gate.resolve();
  await Promise.all([first, third]);
  assert.deepEqual(seen, ['third']);
});
