import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { bytesToPath, pathToBytes } from '@berth/oci';
import { Below } from '../compare/below.ts';
import { TreeNode } from '../compare/tree-node.ts';
import type { TreeFolder } from '../interface.ts';

export interface ListOptions {
  /** Leaves the root's own times out, which say nothing. */
  readonly withTimes?: boolean;
}

/** Path → what is there, as one line a test can compare. Hard links name the first of their paths. */
export type Listing = Readonly<Record<string, string>>;

/** All that lies in a folder, marks included. */
export function listFolder(path: string, options: ListOptions = {}): Listing {
  return list((directory) => {
    const at = directory === '' ? path : `${path}/${directory}`;
    const names = readdirSync(pathToBytes(at), { encoding: 'buffer' }).map((name) => bytesToPath(name));
    return names.map((name) => [name, TreeNode.read(`${at}/${name}`)] as const);
  }, options);
}

/** The tree that a stack of folders makes, nearest first, as overlayfs would show it. */
export function listStack(folders: readonly TreeFolder[], options: ListOptions = {}): Listing {
  const root = Below.root(folders);
  return list((directory) => {
    let below = root;
    for (const name of directory === '' ? [] : directory.split('/')) below = below.directory(name);
    return [...below.names()].map((name) => [name, below.node(name)] as const);
  }, options);
}

function list(
  read: (directory: string) => readonly (readonly [string, TreeNode | undefined])[],
  { withTimes = true }: ListOptions,
): Listing {
  const listing: Record<string, string> = {};
  const inodes = new Map<string, string>();
  const visit = (directory: string): void => {
    for (const [name, node] of [...read(directory)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (node === undefined) continue;
      const path = directory === '' ? name : `${directory}/${name}`;
      const first = node.type === 'directory' ? undefined : inodes.get(node.inode);
      inodes.set(node.inode, first ?? path);
      listing[path] = first === undefined ? describe(node, withTimes) : `link to ${first}`;
      if (node.type === 'directory') visit(path);
    }
  };
  visit('');
  return listing;
}

export function describe(node: TreeNode, withTimes = true): string {
  const { stat, type } = node;
  const parts = [type, type === 'symlink' ? '' : node.mode.toString(8), `${stat.uid}:${stat.gid}`];
  if (withTimes) parts.push(`@${stat.mtimeNs}`);
  if (type === 'file') parts.push(`${stat.size}`, hashOf(node));
  if (type === 'symlink') parts.push(`-> ${node.linkTarget}`);
  if (type === 'char' || type === 'block') parts.push(`${node.device.major}:${node.device.minor}`);
  for (const [name, value] of [...node.xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push(`${name}=${value.toString('hex')}`);
  }
  return parts.filter((part) => part !== '').join(' ');
}

function hashOf(node: TreeNode): string {
  return createHash('sha256')
    .update(readFileSync(pathToBytes(node.at)))
    .digest('hex')
    .slice(0, 8);
}
