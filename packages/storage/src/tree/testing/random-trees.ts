import type { TarInput } from '@berth/oci';
import fc from 'fast-check';
import { type Inode, ModelTree, modelLayer } from './model-tree.ts';

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

export type TreeStep = (tree: ModelTree) => void;
const step: fc.Arbitrary<TreeStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(path, fields).map(
      ([at, made]): TreeStep =>
        (tree) =>
          tree.put(at, nodeOf(made)),
    ),
  },
  {
    weight: 2,
    arbitrary: path.map(
      (at): TreeStep =>
        (tree) =>
          tree.remove(at),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(path, fields).map(
      ([at, { mode, uid, text, xattr }]): TreeStep =>
        (tree) =>
          tree.edit(at, { mode, uid, text, xattr }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(path, path).map(
      ([from, to]): TreeStep =>
        (tree) =>
          tree.link(from, to),
    ),
  },
);
export const layerSteps = fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
export const layerStyles = fc.record({
  omitsParents: fc.boolean(),
  opaque: fc.constantFrom('', ...NAMES),
  whiteoutsLast: fc.boolean(),
});

function nodeOf(made: { readonly type: string } & Omit<Inode, 'type' | 'mtime'>): Omit<Inode, 'mtime'> {
  const type = made.type as Inode['type'];
  return { ...made, type, text: type === 'symlink' ? `t${made.text}` : made.text };
}

/** The trees after each layer, beginning with none. */
export function history(all: readonly (readonly TreeStep[])[]): ModelTree[] {
  const trees = [new ModelTree()];
  for (const steps of all) {
    const tree = (trees.at(-1) as ModelTree).copy();
    for (const apply of steps) apply(tree);
    trees.push(tree);
  }
  return trees;
}

export interface WildStyle {
  readonly omitsParents: boolean;
  readonly opaque: string;
  readonly whiteoutsLast: boolean;
}

/** The layer that makes `after` of `before`, said in one of the ways in which tars of others say it. */
export function wildLayer(
  before: ModelTree,
  after: ModelTree,
  { omitsParents, opaque, whiteoutsLast }: WildStyle,
): TarInput[] {
  const hasLinks = after.paths.some((one) =>
    after.paths.some((other) => one < other && after.get(one) === after.get(other)),
  );
  const layer = modelLayer(before, after, { omitsParents, opaque: (at) => !hasLinks && at === opaque });
  if (!whiteoutsLast) return layer;
  const isWhiteout = ({ entry }: TarInput) => entry.path.includes('.wh.');
  return [...layer.filter((one) => !isWhiteout(one)), ...layer.filter(isWhiteout)];
}
