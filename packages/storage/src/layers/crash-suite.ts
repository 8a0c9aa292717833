import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DriverEntry } from '../drivers/interface.ts';
import { DRIVERS } from '../drivers/registry.ts';
import { liveThrough } from '../testing/life.ts';
import { keysOnDisk } from '../testing/on-disk.ts';
import { Scratch } from '../testing/scratch.ts';
import { ANY_PLACE, type SuitePlace } from '../testing/suite-place.ts';
import { openLayerStore } from './open-layer-store.ts';

const CHILD = fileURLToPath(new URL('./crash.child.ts', import.meta.url));
const SIDE_BY_SIDE = 3;

const SEED = Number(process.env.BERTH_SEED ?? Date.now()) >>> 0;
const IS_SOAK = process.env.BERTH_SOAK === '1';
const RANDOM_STEPS = 4;
const DEFAULT_DRIVER = DRIVERS.toSorted((a, b) => a.preference - b.preference)[0]?.name;

/**
 * Which steps to die at: all of them in the long run, or every nth where that are too many: n seeds in a row take them all. In the
 * short run some by the seed, and the first of each name: for the driver that is taken by itself of all names, for the others of
 * their own; no more of these than `most` either.
 */
function choose(
  steps: readonly string[],
  { name: driver, most = steps.length }: { readonly name: string; readonly most?: number | undefined },
): readonly number[] {
  const all = steps.map((_, at) => at);
  const random = Array.from(
    { length: RANDOM_STEPS },
    (_, index) => (SEED * (index + 1) * 2_654_435_761) % steps.length,
  );
  const isShown = (step: string) => driver === DEFAULT_DRIVER || step.startsWith(`${driver}.`);
  const isFirst = (at: number, step = '') => isShown(step) && steps.indexOf(step) === at;
  const wanted = IS_SOAK ? all : all.filter((at) => isFirst(at, steps[at]) || random.includes(at));
  // Some of each part of the life are among them.
  const stride = Math.max(1, Math.ceil(wanted.length / most));
  return wanted.filter((_, index) => index % stride === SEED % stride);
}

export interface CrashSuiteOptions {
  readonly entry: DriverEntry;
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** Where the driver works; default: anywhere. */
  readonly place?: SuitePlace | undefined;
  /** Why it cannot run here. */
  readonly skip?: string | false;
  /** No more steps than these, others with another seed: for where a process takes long to start. */
  readonly most?: number;
}

/** The life of an image and a container, ended by SIGKILL at the steps of store, driver and database, and taken up again. */
export function crashSuite(options: CrashSuiteOptions): void {
  const { entry, skip = false, driverOptions = {}, place = ANY_PLACE } = options;
  const { name } = entry;
  describe(`the layer store over ${name} after kill -9`, { skip }, () => {
    // Each step costs two starts of a process: more time than one test has elsewhere.
    test('has the old state or the new one, and the next try succeeds', {
      timeout: IS_SOAK ? 7_200_000 : 1_800_000,
    }, async (context) => {
      const life = new Life({ name, place, driverOptions });
      const steps = await life.steps();
      const chosen = [...choose(steps, options.most === undefined ? { name } : { name, most: options.most })];
      const started = performance.now();
      const names = new Set(chosen.map((at) => steps[at]));
      context.diagnostic(`seed ${SEED}: ${chosen.length} of ${steps.length} steps: ${[...names].join(' ')}`);
      await Promise.all(
        Array.from({ length: SIDE_BY_SIDE }, async () => {
          for (let at = chosen.shift(); at !== undefined; at = chosen.shift()) {
            await life.dieAndRecover({ at, step: steps[at] ?? '' });
          }
        }),
      );
      context.diagnostic(
        `${name}: ${((performance.now() - started) / 1000).toFixed(0)} s, each ended and taken up again`,
      );
    });
  });
}

class Life {
  readonly #name: string;
  readonly #place: SuitePlace;
  readonly #driverOptions: Readonly<Record<string, string>>;

  constructor(options: {
    readonly name: string;
    readonly place: SuitePlace;
    readonly driverOptions: Readonly<Record<string, string>>;
  }) {
    this.#name = options.name;
    this.#place = options.place;
    this.#driverOptions = options.driverOptions;
  }

  async steps(): Promise<readonly string[]> {
    await using scratch = await Scratch.make(this.#place);
    const { out } = await this.#run(join(scratch.path, 'storage'));
    return out.trimEnd().split('\n');
  }

  async dieAndRecover(options: { readonly at: number; readonly step: string }): Promise<void> {
    await using scratch = await Scratch.make(this.#place);
    const root = join(scratch.path, 'storage');
    const home = join(root, this.#name);
    const where = `${options.step} (${options.at})`;
    const { signal, out } = await this.#run(root, options.at);
    // What is committed together depends on the moment, so that one life may have a few steps less than another.
    if (signal === null && Number(out) <= options.at) {
      return await this.dieAndRecover({ ...options, at: Number(out) - 1 });
    }
    assert.equal(signal, 'SIGKILL', where);

    const swept: { layers: number; bytes: number }[] = [];
    await using store = await openLayerStore({
      root,
      driver: this.#name,
      driverOptions: this.#driverOptions,
      onSwept: (what) => swept.push(what),
    });
    assert.deepEqual(await store.check({ deep: true }), [], where);
    const usage = await store.usage();
    assert.equal(usage.leftoverBytes, 0, where);
    // Whatever is on disk is somebody's: image layers, containers, and at most one init layer.
    const keys = keysOnDisk(home);
    const inits = keys.filter((key) => key.endsWith('-init')).length;
    assert.equal(keys.length, usage.layers.length + usage.containerLayers.length + inits, where);
    assert.equal((await readdir(join(root, 'tar-split'))).length, usage.layers.length, where);
    assert.ok(scratch.mounts().length <= usage.containerLayers.length, `${where}: ${scratch.mounts()}`);

    await liveThrough(store);
    await store.sweep();
    assert.deepEqual(await store.check({ deep: true }), [], where);
    const end = await store.usage();
    assert.deepEqual([end.layers, end.containerLayers, end.leftoverBytes], [[], [], 0], where);
    assert.deepEqual(keysOnDisk(home), [], where);
    assert.deepEqual(scratch.mounts(), [], where);
  }

  async #run(root: string, at?: number): Promise<{ readonly signal: string | null; readonly out: string }> {
    const args = [
      root,
      this.#name,
      JSON.stringify(this.#driverOptions),
      ...(at === undefined ? [] : [String(at)]),
    ];
    const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal(code ?? 0, 0);
    return { signal, out: Buffer.concat(chunks).toString() };
  }
}
