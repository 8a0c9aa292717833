import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { IS_SOAK, SEED } from '../crash/chance.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { runScript, type ScriptLine } from '../storage/docker-script.ts';
import { assertRan, assertSame } from '../storage/script-differences.ts';
import { assertCheckIsClean } from './check.ts';
import { type Ground, needGround } from './ground.ts';
import type { GuestEngine } from './guest-engine.ts';
import { counted, type KernelState, kernelState } from './kernel-state.ts';
import { assertGone, driverOf, ON_DEVICEMAPPER } from './on-devicemapper.ts';
import { cutEverything, doEverything } from './power-cuts.ts';

const ROUNDS = 2;

const skip = !IS_SOAK && 'in the long run alone: npm run soak vm/devicemapper';

test('one script of docker commands says on devicemapper what it says on overlay2', { skip }, async (t) => {
  await onGround(t, async (ground) => {
    await using engine = await ground.boot();
    const expected = await scriptOn(engine, ground);
    t.diagnostic(`${expected.length} lines`);
    await engine.restart(ON_DEVICEMAPPER);
    const lines = await scriptOn(engine, ground);
    for (const line of assertSame('devicemapper', lines, expected)) t.diagnostic(`differs: ${line}`);
    await assertCheckIsClean(engine);
  });
});

test('power cuts on devicemapper in pull, commit and remove, and after each', { skip }, async (t) => {
  await onGround(t, async (ground) => await cutOnDevicemapper(t, ground));
});

async function onGround(t: TestContext, work: (ground: Ground) => Promise<void>): Promise<void> {
  const assertNoLeaks = await watchForLeaks();
  await using ground = await needGround(t);
  if (ground === undefined) return;
  t.after(assertNoLeaks);
  t.diagnostic(`seed ${SEED}`);
  await work(ground);
}

async function scriptOn(engine: GuestEngine, ground: Ground): Promise<readonly ScriptLine[]> {
  const { guest } = engine;
  const storageDriver = await driverOf(engine);
  const folder = join(guest.disk, `files-${storageDriver}`);
  await guest.must('mkdir', [folder]);
  const lines = await runScript({
    docker: (args, options) => engine.docker(args, options),
    remote: ground.image.replace(/:\w+$/, '-script'),
    rootfs: ground.rootfs,
    folder,
    tarNames: async (path) => (await guest.must('tar', ['--list', '--file', path])).trim().split('\n'),
  });
  assertRan(storageDriver, lines);
  return lines;
}

async function cutOnDevicemapper(t: TestContext, ground: Ground): Promise<void> {
  let empty: KernelState | undefined;
  let used: string | undefined;
  const look = async (engine: GuestEngine, state: 'started' | 'empty'): Promise<void> => {
    const found = await kernelState(engine);
    // No container runs: the pool alone is there, on its two files.
    assert.deepEqual(found.mounts, []);
    assert.equal(found.loops.length, 2, found.loops.join());
    assert.equal(found.devices.length, 1, found.devices.join());
    if (state === 'started') return;
    const now = await dataSpaceUsed(engine);
    t.diagnostic(`nothing left: ${counted(found)}, data space used ${now}`);
    empty ??= found;
    used ??= now;
    assert.equal(now, used);
    // The files of the pool, its records, the database.
    assert.ok(found.storageKiB <= empty.storageKiB + 1024, `${found.storageKiB} of ${empty.storageKiB} KiB`);
  };
  let steps: Awaited<ReturnType<typeof doEverything>>;
  {
    await using engine = await ground.boot(ON_DEVICEMAPPER);
    assert.equal(await driverOf(engine), 'devicemapper');
    steps = await doEverything(engine, ground);
    t.diagnostic(`durable steps: ${[...steps].map(([phase, count]) => `${phase} ${count}`).join(', ')}`);
    await look(engine, 'empty');
    await engine.stop();
    await assertGone(engine);
  }
  await cutEverything(t, ground, { rounds: ROUNDS, engine: ON_DEVICEMAPPER, steps, look });
  await using engine = await ground.boot(ON_DEVICEMAPPER);
  await assertCheckIsClean(engine);
  await look(engine, 'empty');
  await engine.stop();
  await assertGone(engine);
}

/** Of the pool, as `docker info` has it. */
async function dataSpaceUsed(engine: GuestEngine): Promise<string> {
  const status = JSON.parse(await engine.must(['info', '--format', '{{json .DriverStatus}}'])) as [
    string,
    string,
  ][];
  const used = new Map(status).get('Data Space Used');
  assert.ok(used !== undefined);
  return used;
}
