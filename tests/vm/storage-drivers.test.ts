import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IS_SOAK } from '../crash/chance.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { filesOfDriver, needSuiteGuest, runSuites } from './driver-suites.ts';

/** devicemapper is tested here; the others once more, on an older kernel. */
const DRIVERS = IS_SOAK ? ['devicemapper', 'overlay2', 'overlay', 'btrfs'] : ['devicemapper'];
const chosen = process.env.BERTH_GUEST_DRIVERS?.split(',') ?? DRIVERS;

test('storage drivers in a guest', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const files = new Map<string, readonly string[]>();
  for (const name of chosen) files.set(name, await filesOfDriver(name));
  await using guest = await needSuiteGuest(t, [...files.values()].flat());
  if (guest === undefined) return;
  t.after(assertNoLeaks);
  t.diagnostic(`guest up in ${(guest.bootMs / 1000).toFixed(1)} s`);
  for (const [name, list] of files) {
    await t.test(name, async (inner) => {
      assert.ok(list.length > 0, `There are no tests of "${name}"`);
      const count = await runSuites(inner, guest, list);
      inner.diagnostic(`${name}: ${count} cases in the guest`);
    });
  }
});
