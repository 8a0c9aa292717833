import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driverTable } from './driver-table.ts';
import type { Outcome } from './outcome.ts';

function outcome(name: string, result: Outcome['result']): Outcome {
  return { file: 'x.test.ts', name, result, again: 'npm test -- x.test.ts' };
}

test('driverTable() shows who ran which case, wherever it ran', () => {
  const lines = driverTable([
    outcome('vfs as a storage driver › mounts', 'passed'),
    outcome('vfs as a storage driver › links', 'skipped'),
    outcome('storage drivers in a guest › btrfs › btrfs as a storage driver › mounts', 'failed'),
    outcome('btrfs as a storage driver › mounts', 'passed'),
    outcome('random trees over vfs › 200 histories are equal', 'passed'),
    outcome('random trees over btrfs › 40 histories are equal', 'passed'),
    outcome('the layer store over btrfs after kill -9 › at one step', 'passed'),
    outcome('overlay as a storage driver', 'skipped'),
    outcome('something else', 'passed'),
  ]);
  assert.deepEqual(lines.slice(2), [
    '',
    '  btrfs  vfs  a storage driver',
    '  ✗      ✓    mounts',
    '  ·      –    links',
    '',
    '  btrfs  vfs  random trees over it',
    '  ✓      ✓    histories are equal',
    '',
    '  btrfs  vfs  the layer store over it after kill -9',
    '  ✓      ·    at one step',
  ]);
});

test('driverTable() says nothing of one driver alone', () => {
  assert.deepEqual(driverTable([outcome('vfs as a storage driver › mounts', 'passed')]), []);
});
