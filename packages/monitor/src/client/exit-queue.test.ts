import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessExit } from '../interface.ts';
import { ExitQueue } from './exit-queue.ts';

/** Far longer than any test may take: who waits for it fails. */
const NEVER_MS = 60_000;

function exit(id: string, at = 1): ProcessExit {
  return { id, exitCode: 0, isOomKilled: false, finishedAt: new Date(at) };
}

test('told() waits until the exit is told', async () => {
  const queue = new ExitQueue();
  let isOver = false;
  const waiting = queue.told({ id: 'a' }, NEVER_MS).then(() => {
    isOver = true;
  });
  await Promise.resolve();
  assert.equal(isOver, false);
  queue.push(exit('a'));
  await waiting;
  await queue.told({ id: 'a' }, NEVER_MS);
});

test('told() waits no longer than it was told to', async () => {
  await new ExitQueue().told({ id: 'a' }, 1);
});

test('told() does not wait for a container that is forgotten, whichever comes first', async () => {
  const queue = new ExitQueue();
  const waiting = [queue.told({ id: 'a' }, NEVER_MS), queue.told({ id: 'a', execId: 'e' }, NEVER_MS)];
  queue.forget('a');
  await Promise.all(waiting);
  await queue.told({ id: 'a' }, NEVER_MS);
  await queue.told({ id: 'a', execId: 'e' }, NEVER_MS);
});

test('told() waits again for a container that has begun anew', async () => {
  const queue = new ExitQueue();
  queue.push(exit('a'));
  queue.forget('a');
  queue.begin({ id: 'a' });
  let isOver = false;
  const waiting = queue.told({ id: 'a' }, NEVER_MS).then(() => {
    isOver = true;
  });
  await Promise.resolve();
  assert.equal(isOver, false);
  assert.equal(queue.push(exit('a', 2)), true);
  await waiting;
});

test('push() takes the same exit once, and the next run of the same container', () => {
  const queue = new ExitQueue();
  assert.equal(queue.push(exit('a')), true);
  assert.equal(queue.push(exit('a')), false);
  assert.equal(queue.push(exit('a', 2)), true);
});
