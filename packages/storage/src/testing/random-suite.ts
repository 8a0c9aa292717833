/**
 * Random trees and edits, held against a tree in memory: over every driver a container sees the tree that the layers make, what is
 * changed in it is told and diffed as the model does, and a commit gives the layer whose diffID the model's has.
 *
 *     randomSuite({ entry, skip: whyNotHere() });
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import type { ChainID } from '@berth/oci';
import fc from 'fast-check';
import { inputOf, readAll, StoreBench, type StoreUnderTest } from '../layers/testsuite/store-bench.ts';
import type { LayerStoreSuiteOptions } from '../layers/testsuite.ts';
import type { Listing } from '../tree/testing/list-tree.ts';
import { listFolder } from '../tree/testing/list-tree.ts';
import { CANONICAL, type ModelTree, modelChanges, modelLayer } from '../tree/testing/model-tree.ts';
import { history, layerSteps, layerStyles, type WildStyle, wildLayer } from '../tree/testing/random-trees.ts';
import { sha256, tarOf } from '../tree/testing/tree-lab.ts';
import { openTreeWorkers } from '../tree/workers.ts';

export interface RandomSuiteOptions extends LayerStoreSuiteOptions {
  /** Default 200, and 5,000 in the long run. */
  readonly runs?: number;
  /** The driver loses set-user-ID and set-group-ID of a directory of a layer when a container changes it. */
  readonly losesDirectoryBits?: boolean;
}

const SIDE_BY_SIDE = 8;

export function randomSuite(options: RandomSuiteOptions): void {
  const { entry, skip = false } = options;
  const seed = Number(process.env.BERTH_SEED ?? Date.now()) >>> 0;
  const numRuns = options.runs ?? (process.env.BERTH_SOAK === '1' ? 5000 : 200);
  describe(`random trees over ${entry.name}`, { skip }, () => {
    const bench = new StoreBench(options);
    bench.test(`${numRuns} histories give what a tree in memory gives`, async (given, t) => {
      t.diagnostic(`seed ${seed}`);
      await using workers = openTreeWorkers();
      let turn = 0;
      const check = async (layers: Parameters<typeof history>[0], style: WildStyle) => {
        turn += 1;
        const trees = history(layers);
        if (options.losesDirectoryBits === true) for (const tree of trees) tree.dropDirectoryBits();
        await checkHistory(given, { trees, style, name: `turn-${turn}`, workers });
      };
      try {
        // Side by side, since most of the time goes by in waiting for the disk.
        const histories = fc.sample(fc.tuple(layerSteps, layerStyles), { seed, numRuns });
        const next = histories.values();
        await Promise.all(
          Array.from({ length: SIDE_BY_SIDE }, async () => {
            for (const [layers, style] of next) await check(layers, style);
          }),
        );
      } catch (error) {
        // One after the other they can be made smaller, until the least that fails is left.
        await fc.assert(fc.asyncProperty(layerSteps, layerStyles, check), { seed, numRuns });
        throw error;
      }
      await given.assertClean({ deep: false });
    });
  });
}

interface Turn {
  readonly trees: readonly ModelTree[];
  readonly style: WildStyle;
  readonly name: string;
  readonly workers: ReturnType<typeof openTreeWorkers>;
}

/** All layers but the last are the image; the last is done in a container. */
async function checkHistory(given: StoreUnderTest, { trees, style, name, workers }: Turn): Promise<void> {
  const { store } = given;
  const [before, after] = trees.slice(-2) as [ModelTree, ModelTree];
  const parent = await applyAll(given, { trees: trees.slice(0, -1), style, owner: name });
  const root = await given.containerOn(name, parent);
  const committed = `${name}-committed`;
  try {
    assert.deepEqual(listContainer(root), before.listing(), 'the image as a container sees it');
    await writeInto(root, { tar: await tarOf(wildLayer(before, after, style)), given, workers });
    assert.deepEqual(listContainer(root), after.listing(), 'the container after its edits');
    assert.deepEqual(await store.changes(name), modelChanges(before, after));
    const canonical = await tarOf(modelLayer(before, after, CANONICAL));
    assert.equal(sha256(await readAll(store.diff(name))), sha256(canonical), 'the diff of the container');
    const layer = await store.commit(name, { owner: committed });
    if (layer !== undefined) {
      assert.equal(layer.diffID, sha256(canonical));
      assert.ok((await readAll(store.readTar(layer.chainID))).equals(canonical));
      const again = await given.containerOn(committed, layer.chainID);
      assert.deepEqual(listContainer(again), after.listing(), 'a container of what was committed');
    }
  } finally {
    await given.removeContainer(committed);
    await given.removeContainer(name);
    await store.removeOwner(committed);
    await store.removeOwner(name);
  }
}

async function applyAll(
  { store }: StoreUnderTest,
  options: { readonly trees: readonly ModelTree[]; readonly style: WildStyle; readonly owner: string },
): Promise<ChainID | undefined> {
  const { trees, style, owner } = options;
  const tars = await Promise.all(
    trees.slice(1).map((tree, at) => tarOf(wildLayer(trees[at] as ModelTree, tree, style))),
  );
  if (tars.length === 0) return undefined;
  const layers = await store.apply({ layers: tars.map((tar) => inputOf(tar)), owner });
  return layers.at(-1)?.chainID;
}

/** By the unpacker, as by a program: names are removed and made, files written, attributes set. */
async function writeInto(
  root: string,
  options: { readonly tar: Buffer; readonly given: StoreUnderTest; readonly workers: Turn['workers'] },
): Promise<void> {
  const { tar, given, workers } = options;
  const source = (async function* () {
    yield tar;
  })();
  const tarSplitPath = `${given.scratch.path}/edits-${randomUUID()}.split`;
  await workers.unpack({ form: 'tree', path: root }, source, { tarSplitPath });
}

const OF_INIT = new Set(['proc', 'sys', 'dev', 'etc', '.dockerenv']);

/** What the init layer has made is none of the model's. */
function listContainer(root: string): Listing {
  const all = Object.entries(listFolder(root));
  return Object.fromEntries(all.filter(([path]) => !OF_INIT.has(path.split('/')[0] ?? '')));
}
