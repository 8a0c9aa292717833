import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { hasCode } from '@berth/errors';
import { Scratch, whyNotHere } from '../testing/scratch.ts';
import { chooseDriver } from './choose.ts';
import { holdsLayerFolders } from './home.ts';
import type { DriverEntry, DriverProbe } from './interface.ts';
import { newLayerKey } from './keys.ts';

function entry(
  name: string,
  preference: number,
  probe: DriverProbe = { works: true, evidence: 'tried' },
): DriverEntry {
  return {
    name,
    preference,
    summary: name,
    support: { kernel: 'any', isInMainline: true, prefer: 'Use another.' },
    probe: async () => probe,
    holdsLayers: holdsLayerFolders,
    open: () => {
      throw new Error('Not opened here');
    },
  };
}

const BROKEN: DriverProbe = {
  works: false,
  cause: 'no such kernel',
  evidence: 'ENODEV',
  fix: 'use another kernel',
};
const DRIVERS = [entry('last', 90), entry('best', 10), entry('broken', 1, BROKEN)];

async function withLayers(root: string, ...drivers: readonly string[]): Promise<void> {
  for (const name of drivers) await mkdir(join(root, name, newLayerKey()), { recursive: true });
}

describe('chooseDriver()', { skip: whyNotHere() }, () => {
  test('takes the best that works in an empty folder', async () => {
    await using scratch = await Scratch.make();
    const chosen = await chooseDriver({ root: scratch.path, drivers: DRIVERS });
    assert.deepEqual([chosen.entry.name, chosen.reason], ['best', 'best']);
  });

  test('takes what was set, and says why where it does not work', async () => {
    await using scratch = await Scratch.make();
    const root = scratch.path;
    const chosen = await chooseDriver({ root, drivers: DRIVERS, wanted: 'last' });
    assert.deepEqual([chosen.entry.name, chosen.reason], ['last', 'set']);
    await assert.rejects(chooseDriver({ root, drivers: DRIVERS, wanted: 'broken' }), (error) => {
      assert.ok(hasCode(error));
      assert.equal(error.code, 'DRIVER_UNSUPPORTED');
      assert.match(error.message, /"broken": no such kernel/);
      assert.deepEqual((error as { detail?: unknown }).detail, { evidence: 'ENODEV' });
      assert.equal((error as { hint?: unknown }).hint, 'use another kernel');
      return true;
    });
    await assert.rejects(chooseDriver({ root, drivers: DRIVERS, wanted: 'zfs' }), {
      code: 'DRIVER_UNKNOWN',
      hint: /last, best, broken/,
    });
  });

  test('takes the driver whose layers are there, before any that is better', async () => {
    await using scratch = await Scratch.make();
    await withLayers(scratch.path, 'last');
    const chosen = await chooseDriver({ root: scratch.path, drivers: DRIVERS });
    assert.deepEqual([chosen.entry.name, chosen.reason], ['last', 'found']);
    const recorded = await chooseDriver({ root: scratch.path, drivers: DRIVERS, recorded: 'best' });
    assert.deepEqual([recorded.entry.name, recorded.reason], ['best', 'found']);
  });

  test('never hides the layers of another driver', async () => {
    await using scratch = await Scratch.make();
    await withLayers(scratch.path, 'last');
    await assert.rejects(chooseDriver({ root: scratch.path, drivers: DRIVERS, wanted: 'best' }), {
      code: 'DRIVER_CONFLICT',
      hint: /BERTH_STORAGE_DRIVER=last/,
    });
    await assert.rejects(
      chooseDriver({ root: scratch.path, drivers: DRIVERS, wanted: 'last', recorded: 'best' }),
      { code: 'DRIVER_CONFLICT' },
    );
  });

  test('does not guess among several, and takes the one that is set', async () => {
    await using scratch = await Scratch.make();
    await withLayers(scratch.path, 'last', 'best');
    await assert.rejects(chooseDriver({ root: scratch.path, drivers: DRIVERS }), {
      code: 'DRIVER_AMBIGUOUS',
      message: /\(last, best\)/,
    });
    const chosen = await chooseDriver({ root: scratch.path, drivers: DRIVERS, wanted: 'best' });
    assert.equal(chosen.entry.name, 'best');
  });

  test('says of every driver why it does not work when none does', async () => {
    await using scratch = await Scratch.make();
    const drivers = [entry('one', 1, BROKEN), entry('two', 2, { ...BROKEN, cause: 'not here either' })];
    await assert.rejects(chooseDriver({ root: scratch.path, drivers }), {
      code: 'DRIVER_UNSUPPORTED',
      hint: /one: no such kernel \(ENODEV\)\. use another kernel\ntwo: not here either/,
    });
  });
});
