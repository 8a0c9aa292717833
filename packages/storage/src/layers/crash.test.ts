import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isLayerKey } from '../drivers/keys.ts';
import { DRIVERS } from '../drivers/registry.ts';
import { liveThrough } from '../testing/life.ts';
import { Scratch, whyNotHere } from '../testing/scratch.ts';
import { openLayerStore } from './open-layer-store.ts';

const CHILD = fileURLToPath(new URL('./crash.child.ts', import.meta.url));
const SIDE_BY_SIDE = 3;

async function run(
  args: readonly string[],
): Promise<{ readonly signal: string | null; readonly out: string }> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(code ?? 0, 0);
  return { signal, out: Buffer.concat(chunks).toString() };
}

const SEED = Number(process.env.BERTH_SEED ?? Date.now()) >>> 0;
const RANDOM_STEPS = 4;

/** Which steps to die at: all of them in the long run, else the first of each name and some by the seed. */
function choose(steps: readonly string[]): readonly number[] {
  const all = steps.map((_, at) => at);
  if (process.env.BERTH_SOAK === '1') return all;
  const random = Array.from(
    { length: RANDOM_STEPS },
    (_, index) => (SEED * (index + 1) * 2_654_435_761) % steps.length,
  );
  return all.filter((at) => steps.indexOf(steps[at] ?? '') === at || random.includes(at));
}

async function dieAndRecover(
  driver: string,
  options: { readonly at: number; readonly step: string },
): Promise<void> {
  await using scratch = await Scratch.make();
  const root = join(scratch.path, 'storage');
  const where = `${options.step} (${options.at})`;
  const { signal, out } = await run([root, driver, String(options.at)]);
  // What is committed together depends on the moment, so that one life may have a few steps less than another.
  if (signal === null && Number(out) <= options.at) {
    return await dieAndRecover(driver, { ...options, at: Number(out) - 1 });
  }
  assert.equal(signal, 'SIGKILL', where);

  const swept: { layers: number; bytes: number }[] = [];
  await using store = await openLayerStore({ root, driver, onSwept: (what) => swept.push(what) });
  assert.deepEqual(await store.check({ deep: true }), [], where);
  const usage = await store.usage();
  assert.equal(usage.leftoverBytes, 0, where);
  // Whatever is on disk is somebody's: image layers, containers, and at most one init layer.
  const keys = (await readdir(join(root, driver))).filter(isLayerKey);
  const inits = keys.filter((key) => key.endsWith('-init')).length;
  assert.equal(keys.length, usage.layers.length + usage.containerLayers.length + inits, where);
  assert.equal((await readdir(join(root, 'tar-split'))).length, usage.layers.length, where);
  assert.ok(scratch.mounts().length <= usage.containerLayers.length, `${where}: ${scratch.mounts()}`);

  await liveThrough(store);
  await store.sweep();
  assert.deepEqual(await store.check({ deep: true }), [], where);
  const end = await store.usage();
  assert.deepEqual([end.layers, end.containerLayers, end.leftoverBytes], [[], [], 0], where);
  assert.deepEqual((await readdir(join(root, driver))).filter(isLayerKey), [], where);
  assert.deepEqual(scratch.mounts(), [], where);
}

for (const { name } of DRIVERS) {
  describe(`the layer store over ${name} after kill -9`, { skip: whyNotHere() }, () => {
    // Each step costs two starts of a process: more time than one test has elsewhere.
    test('has the old state or the new one, and the next try succeeds', {
      timeout: 1_800_000,
    }, async (context) => {
      await using scratch = await Scratch.make();
      const { out } = await run([join(scratch.path, 'storage'), name]);
      const steps = out.trimEnd().split('\n');
      const chosen = [...choose(steps)];
      const names = new Set(chosen.map((at) => steps[at]));
      context.diagnostic(`seed ${SEED}: ${chosen.length} of ${steps.length} steps: ${[...names].join(' ')}`);
      await Promise.all(
        Array.from({ length: SIDE_BY_SIDE }, async () => {
          for (let at = chosen.shift(); at !== undefined; at = chosen.shift()) {
            await dieAndRecover(name, { at, step: steps[at] ?? '' });
          }
        }),
      );
    });
  });
}
