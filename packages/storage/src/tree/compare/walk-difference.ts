import { pathToBytes, WHITEOUT_PREFIX } from '@berth/oci';
import { StorageError } from '../../errors.ts';
import type { TreeDifference, TreeFolder } from '../interface.ts';
import { joinPath } from '../names.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { Below } from './below.ts';
import { type LayerMarks, layerMarks } from './layer-marks.ts';
import { PinnedDirectory } from './pinned-directory.ts';
import { hasSameAttributes, isSame } from './same.ts';
import { TreeNode } from './tree-node.ts';

/** One path that is not what it was below. A parent comes before what lies in it. */
export type Difference =
  | { readonly kind: 'deleted'; readonly path: string }
  | {
      readonly kind: 'added' | 'modified';
      readonly path: string;
      readonly node: TreeNode;
      /** What it was below. */
      readonly before: TreeNode | undefined;
      /** A directory that differs in its times alone, or not at all: something in it does. */
      readonly isOnlyParent: boolean;
    };

/** A container can make directories deeper than any path can name; each level costs a file descriptor here. */
const MAX_DEPTH = 2048;

interface Walk {
  readonly marks: LayerMarks;
  readonly cancel: CancelFlag;
  readonly ignored: ReadonlySet<string>;
}

interface Place {
  readonly path: string;
  readonly below: Below;
  /** All that is not here is gone, whether marked or not. */
  readonly isWhole: boolean;
  readonly depth: number;
}

/**
 * Walks what changed, by the order of names' bytes in each directory; what is gone stands where its whiteout would. Its
 * nodes are good until the next is asked for.
 */
export function* walkDifference(
  difference: TreeDifference,
  cancel: CancelFlag,
): Generator<Difference, void, undefined> {
  const { folder, below } = sidesOf(difference);
  const walk: Walk = { marks: layerMarks(folder), cancel, ignored: new Set(difference.ignored) };
  const isWhole = folder.form === 'tree';
  using root = PinnedDirectory.open(folder.path);
  if (root === undefined) {
    throw new StorageError('LAYER_DAMAGED', `Cannot read "${folder.path}": there is no folder`, {
      detail: { path: folder.path },
    });
  }
  yield* rootDifference(folder, below);
  yield* walkDirectory(root, { path: '', below, isWhole, depth: 0 }, walk);
}

function sidesOf(difference: TreeDifference): { readonly folder: TreeFolder; readonly below: Below } {
  if ('changes' in difference) {
    return { folder: difference.changes, below: Below.root(difference.parents) };
  }
  const { upper, lower } = difference;
  return {
    folder: { form: 'tree', path: upper },
    below: lower === undefined ? Below.nothing : Below.root([{ form: 'tree', path: lower }]),
  };
}

function* walkDirectory(
  directory: PinnedDirectory,
  place: Place,
  walk: Walk,
): Generator<Difference, void, undefined> {
  if (place.depth > MAX_DEPTH) {
    throw new StorageError(
      'LAYER_REFUSED',
      `Cannot read a tree of more than ${MAX_DEPTH} directories in each other`,
      {
        hint: 'Remove the deep directory in the container',
      },
    );
  }
  const { nodes, gone } = walk.marks.sort(directory.path, directory.names());
  const missing = place.isWhole ? [...place.below.names()].filter((name) => !nodes.has(name)) : gone;
  const sorted = [
    ...[...nodes.keys()].map((name) => ({ name, key: pathToBytes(name), isGone: false })),
    ...missing.map((name) => ({ name, key: pathToBytes(WHITEOUT_PREFIX + name), isGone: true })),
  ].sort((a, b) => Buffer.compare(a.key, b.key));
  for (const { name, isGone } of sorted) {
    walk.cancel.throwIfSet();
    const path = joinPath(place.path, name);
    if (isGone) {
      if (!walk.ignored.has(path) && place.below.node(name) !== undefined) yield { kind: 'deleted', path };
      continue;
    }
    const node = nodes.get(name);
    // A container may have removed it meanwhile.
    if (node === undefined || !node.load()) continue;
    const before = place.below.node(name);
    if (node.type === 'directory') yield* walkChild({ directory, node, before, name }, place, walk);
    else if (!isLeftOut(path, node, walk) && (before === undefined || !isSame(node, before, walk.cancel))) {
      yield { kind: before === undefined ? 'added' : 'modified', path, node, before, isOnlyParent: false };
    }
  }
}

interface Child {
  readonly directory: PinnedDirectory;
  readonly name: string;
  readonly node: TreeNode;
  readonly before: TreeNode | undefined;
}

/** A directory, and what is in it. */
function* walkChild(child: Child, place: Place, walk: Walk): Generator<Difference, void, undefined> {
  const { name, node, before } = child;
  const path = joinPath(place.path, name);
  const inside = walkInside(child, place, walk);
  const difference: Difference = {
    kind: before === undefined ? 'added' : 'modified',
    path,
    node,
    before,
    isOnlyParent: before !== undefined && hasSameAttributes(node, before),
  };
  const isChanged = !difference.isOnlyParent || node.stat.mtimeNs !== before?.stat.mtimeNs;
  if (isChanged && !walk.ignored.has(path)) {
    yield difference;
    yield* inside;
    return;
  }
  // Its attributes are part of the layer as soon as something in it is: who unpacks it without the layers below needs them.
  const first = inside.next();
  if (first.done === true) return;
  yield difference;
  yield first.value;
  yield* inside;
}

function* walkInside(
  { directory, name, before }: Child,
  place: Place,
  walk: Walk,
): Generator<Difference, void, undefined> {
  using inside = PinnedDirectory.open(directory.at(name));
  if (inside === undefined) return;
  const isMerged = before?.type === 'directory';
  yield* walkDirectory(
    inside,
    {
      path: joinPath(place.path, name),
      below: isMerged ? place.below.directory(name) : Below.nothing,
      isWhole: place.isWhole || walk.marks.isOpaque(`${inside.path}/.`),
      depth: place.depth + 1,
    },
    walk,
  );
}

/** The root's times change with every file in it, and with the making of the layer: they say nothing. */
function* rootDifference(folder: TreeFolder, below: Below): Generator<Difference, void, undefined> {
  const node = TreeNode.read(folder.path);
  const before = below.nearestPath === undefined ? undefined : TreeNode.read(below.nearestPath);
  if (node === undefined) return;
  if (before === undefined ? isPlainRoot(node) : hasSameAttributes(node, before)) return;
  yield { kind: 'modified', path: '', node, before, isOnlyParent: false };
}

/** As a driver makes it. */
function isPlainRoot(node: TreeNode): boolean {
  return node.mode === 0o755 && node.stat.uid === 0n && node.stat.gid === 0n && node.xattrs.size === 0;
}

/** Empty files and links at these paths are what the init layer made. */
function isLeftOut(path: string, node: TreeNode, { ignored }: Walk): boolean {
  return ignored.has(path) && (node.type !== 'file' || node.stat.size === 0n);
}
