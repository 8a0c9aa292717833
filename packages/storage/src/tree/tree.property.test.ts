import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WhiteoutNotation } from '../drivers/interface.ts';
import type { TreeFolder } from './interface.ts';
import { listFolder, listStack } from './testing/list-tree.ts';
import { CANONICAL, type ModelTree, modelChanges, modelLayer } from './testing/model-tree.ts';
import { history, layerSteps, layerStyles, type WildStyle, wildLayer } from './testing/random-trees.ts';
import { collect, openTreeLab, sha256, type TreeLab, tarOf } from './testing/tree-lab.ts';

const SEED = Number(process.env.BERTH_SEED ?? 1);
const RUNS = process.env.BERTH_SOAK === '1' ? 1500 : 40;

const notations = fc.constantFrom<WhiteoutNotation>('overlay', 'aufs');

type How = WildStyle & { readonly notation: WhiteoutNotation };

async function check(lab: TreeLab, trees: readonly ModelTree[], how: How): Promise<void> {
  const tree = await lab.tree();
  // Side by side and settled in order, as a pull does it.
  const unpacking = trees.slice(1).map(async (after, at) => {
    const tar = await tarOf(wildLayer(trees[at] as ModelTree, after, how));
    const folder = await lab.changes(how.notation);
    return { tar, folder, unpacked: await lab.unpack(folder, tar) };
  });
  const stack: TreeFolder[] = [];
  for (const [at, layer] of (await Promise.all(unpacking)).entries()) {
    const [before, after] = [trees[at] as ModelTree, trees[at + 1] as ModelTree];
    const { folder, unpacked, tar } = layer;
    await lab.workers.settle(folder, unpacked.settle, stack, { tarSplitPath: lab.splitPath(folder) });
    const lower = await lab.tree();
    await copyTree(tree.path, lower.path);
    const inTree = await lab.unpack(tree, tar);
    assert.deepEqual([unpacked.diffID, inTree.diffID], [sha256(tar), sha256(tar)]);
    assert.deepEqual(listStack([folder, ...stack]), after.listing(), `layer ${at} as changes`);
    assert.deepEqual(listFolder(tree.path), after.listing(), `layer ${at} as a tree`);
    for (const one of [folder, tree]) {
      assert.deepEqual(
        await collect(lab.workers.rebuildTar(one, lab.splitPath(one))),
        tar,
        `tar of layer ${at}`,
      );
    }
    const differences = [
      { changes: folder, parents: [...stack] },
      { upper: tree.path, lower: lower.path },
    ];
    const canonical = await tarOf(modelLayer(before, after, CANONICAL));
    for (const difference of differences) {
      assert.deepEqual(await lab.workers.changes(difference), modelChanges(before, after));
      assert.equal(sha256(await collect(lab.workers.writeDiff(difference))), sha256(canonical));
    }
    stack.unshift(folder);
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  execFileSync('cp', ['-aT', from, to]);
}

test('random trees and edits: the same tree, tar, changes and diffID for both forms and notations', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const property = fc.asyncProperty(layerSteps, layerStyles, notations, (all, style, notation) =>
    check(lab, history(all), { ...style, notation }),
  );
  await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: false });
});
