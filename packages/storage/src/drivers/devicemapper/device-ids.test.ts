import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceIds } from './device-ids.ts';
import { MOST_DEVICE_ID } from './records.ts';

test('next() gives what is free, after the last one, and starts over at the end', () => {
  const ids = new DeviceIds([0, 1, 7]);
  assert.deepEqual([ids.next(), ids.next()], [8, 9]);
  ids.giveBack(8);
  assert.equal(ids.next(), 10);
  const late = new DeviceIds([0, 2, MOST_DEVICE_ID]);
  assert.deepEqual([late.next(), late.next()], [1, 3]);
});

test('next() says when all are taken, and goes on when one is given back', () => {
  const ids = new DeviceIds(
    (function* () {
      for (let id = 0; id <= MOST_DEVICE_ID; id++) yield id;
    })(),
  );
  assert.throws(() => ids.next(), { code: 'DISK_FULL' });
  ids.giveBack(77);
  assert.equal(ids.next(), 77);
  assert.throws(() => ids.next(), { code: 'DISK_FULL' });
});
