import { getXattr } from '@berth/linux';
import { pathToBytes, WHITEOUT_AUFS_PREFIX, WHITEOUT_OPAQUE, WHITEOUT_PREFIX } from '@berth/oci';
import { OVERLAY_OPAQUE } from '../../drivers/disk/copy-attributes.ts';
import type { TreeFolder } from '../interface.ts';
import { TreeNode } from './tree-node.ts';

/** Reading what a layer's folder says is gone. Paths are absolute, `directory` is one that is known to be one. */
export interface LayerMarks {
  /** What a directory of the layer holds under a name: a node, the mark that the name is gone, or nothing. */
  read(directory: string, name: string): TreeNode | 'gone' | undefined;
  /** The names in a directory that stand for something, and those that are gone. */
  sort(directory: string, names: readonly string[]): SortedNames;
  isOpaque(directory: string): boolean;
}

export interface SortedNames {
  readonly nodes: ReadonlyMap<string, TreeNode>;
  readonly gone: readonly string[];
}

export function layerMarks(folder: TreeFolder): LayerMarks {
  if (folder.form === 'tree') return TREE;
  return folder.whiteouts === 'overlay' ? OVERLAY : AUFS;
}

function isOverlayMark(node: TreeNode): boolean {
  return node.type === 'char' && node.stat.rdev === 0n;
}

const TREE: LayerMarks = {
  read: (directory, name) => TreeNode.read(`${directory}/${name}`),
  sort: (directory, names) => sortBy(directory, names, () => false),
  isOpaque: () => false,
};

const OVERLAY: LayerMarks = {
  read(directory, name) {
    const node = TreeNode.read(`${directory}/${name}`);
    return node !== undefined && isOverlayMark(node) ? 'gone' : node;
  },
  sort: (directory, names) => sortBy(directory, names, isOverlayMark),
  isOpaque: (directory) => getXattr(directory, OVERLAY_OPAQUE)?.toString() === 'y',
};

const AUFS: LayerMarks = {
  read(directory, name) {
    if (name.startsWith(WHITEOUT_PREFIX)) return undefined;
    const node = TreeNode.read(`${directory}/${name}`);
    if (node !== undefined) return node;
    // A name without room for the prefix can have no mark.
    if (pathToBytes(name).length + WHITEOUT_PREFIX.length > 255) return undefined;
    return TreeNode.read(`${directory}/${WHITEOUT_PREFIX}${name}`) === undefined ? undefined : 'gone';
  },
  sort(directory, names) {
    const own = names.filter((name) => !name.startsWith(WHITEOUT_PREFIX));
    const { nodes } = sortBy(directory, own, () => false);
    const gone = names
      .filter((name) => name.startsWith(WHITEOUT_PREFIX) && !name.startsWith(WHITEOUT_AUFS_PREFIX))
      .map((name) => name.slice(WHITEOUT_PREFIX.length))
      .filter((name) => !nodes.has(name));
    return { nodes, gone };
  },
  isOpaque: (directory) => TreeNode.read(`${directory}/${WHITEOUT_OPAQUE}`) !== undefined,
};

function sortBy(
  directory: string,
  names: readonly string[],
  isGone: (node: TreeNode) => boolean,
): SortedNames {
  const nodes = new Map<string, TreeNode>();
  const gone: string[] = [];
  for (const name of names) {
    const node = TreeNode.read(`${directory}/${name}`);
    if (node === undefined) continue;
    if (isGone(node)) gone.push(name);
    else nodes.set(name, node);
  }
  return { nodes, gone };
}
