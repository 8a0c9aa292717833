import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TarInput } from '@berth/oci';
import fc from 'fast-check';
import type { TreeFolder } from './interface.ts';
import { listFolder, listStack } from './testing/list-tree.ts';
import { CANONICAL, type Inode, ModelTree, modelChanges, modelLayer } from './testing/model-tree.ts';
import { collect, openTreeLab, sha256, type TreeLab, tarOf } from './testing/tree-lab.ts';

const SEED = Number(process.env.BERTH_SEED ?? 1);
const RUNS = process.env.BERTH_SOAK === '1' ? 1500 : 40;

const NAMES = ['a', 'b', 'a-b', 'c\udcff', 'é'];
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((names) => names.join('/'));
const fields = fc.record({
  type: fc.constantFrom('file', 'file', 'directory', 'directory', 'symlink', 'char', 'fifo'),
  mode: fc.constantFrom(0o644, 0o755, 0o4711, 0o2750, 0o1777),
  uid: fc.constantFrom(0, 1000, 2 ** 32 - 2),
  text: fc.constantFrom('', 'x', 'text', '/a/b', '../..'),
  xattr: fc.constantFrom(undefined, undefined, 'v'),
});

type Step = (tree: ModelTree) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(path, fields).map(
      ([at, made]): Step =>
        (tree) =>
          tree.put(at, nodeOf(made)),
    ),
  },
  {
    weight: 2,
    arbitrary: path.map(
      (at): Step =>
        (tree) =>
          tree.remove(at),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(path, fields).map(
      ([at, { mode, uid, text, xattr }]): Step =>
        (tree) =>
          tree.edit(at, { mode, uid, text, xattr }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(path, path).map(
      ([from, to]): Step =>
        (tree) =>
          tree.link(from, to),
    ),
  },
);
const layers = fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
const style = fc.record({
  omitsParents: fc.boolean(),
  opaque: fc.constantFrom('', ...NAMES),
  whiteoutsLast: fc.boolean(),
});

function nodeOf(made: { readonly type: string } & Omit<Inode, 'type' | 'mtime'>): Omit<Inode, 'mtime'> {
  const type = made.type as Inode['type'];
  return { ...made, type, text: type === 'symlink' ? `t${made.text}` : made.text };
}

/** The trees after each layer, beginning with none. */
function history(all: readonly (readonly Step[])[]): ModelTree[] {
  const trees = [new ModelTree()];
  for (const steps of all) {
    const tree = (trees.at(-1) as ModelTree).copy();
    for (const apply of steps) apply(tree);
    trees.push(tree);
  }
  return trees;
}

interface Style {
  readonly omitsParents: boolean;
  readonly opaque: string;
  readonly whiteoutsLast: boolean;
}

/** A layer that says the same in another way. */
function wildLayer(
  before: ModelTree,
  after: ModelTree,
  { omitsParents, opaque, whiteoutsLast }: Style,
): TarInput[] {
  const hasLinks = after.paths.some((one) =>
    after.paths.some((other) => one < other && after.get(one) === after.get(other)),
  );
  const layer = modelLayer(before, after, { omitsParents, opaque: (at) => !hasLinks && at === opaque });
  if (!whiteoutsLast) return layer;
  const isWhiteout = ({ entry }: TarInput) => entry.path.includes('.wh.');
  return [...layer.filter((one) => !isWhiteout(one)), ...layer.filter(isWhiteout)];
}

async function check(lab: TreeLab, trees: readonly ModelTree[], how: Style): Promise<void> {
  const tree = await lab.tree();
  // Side by side and settled in order, as a pull does it.
  const unpacking = trees.slice(1).map(async (after, at) => {
    const tar = await tarOf(wildLayer(trees[at] as ModelTree, after, how));
    const folder = await lab.changes();
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

test('random trees and edits: the same tree, tar, changes and diffID for both forms', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const property = fc.asyncProperty(layers, style, (all, how) => check(lab, history(all), how));
  await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: false });
});
