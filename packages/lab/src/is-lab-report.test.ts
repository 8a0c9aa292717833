import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLabReport } from './is-lab-report.ts';
import { driver, FIGURES, machine } from './testing/machine.ts';

test('isLabReport() takes reports with and without what came later, and refuses what is none', () => {
  const given = machine([driver('overlay2', FIGURES.copies)]);
  const { hasThrowAway: _, ...before } = given;
  assert.ok(isLabReport({ version: 1, machines: [given, before] }));
  const pool = (poolBlockBytes: unknown) => ({
    ...given,
    drivers: [{ driver: 'devicemapper', figures: {}, refused: {}, poolBlockBytes }],
  });
  assert.ok(isLabReport({ version: 1, machines: [pool(65536)] }));
  assert.ok(isLabReport({ version: 1, machines: [] }));
  for (const wrong of [
    undefined,
    { version: 2, machines: [] },
    { version: 1, machines: [{ ...given, hasThrowAway: 'yes' }] },
    { version: 1, machines: [{ ...given, cores: '2' }] },
    { version: 1, machines: [{ ...given, drivers: [{ driver: 'vfs', figures: { a: 'b' }, refused: {} }] }] },
    { version: 1, machines: [pool('64k')] },
    { version: 1, machines: [pool(0)] },
  ]) {
    assert.equal(isLabReport(wrong), false);
  }
});
