import { closeSync, fstatSync } from 'node:fs';
import {
  isWhiteout,
  makeTarEntry,
  showName,
  type TarEntry,
  type TarInput,
  whiteoutPath,
  writeTar,
} from '@berth/oci';
import { StorageError } from '../../errors.ts';
import type { TreeDifference } from '../interface.ts';
import { nameOf } from '../names.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { openFile, readFull } from './same.ts';
import type { TreeNode } from './tree-node.ts';
import { type Difference, walkDifference } from './walk-difference.ts';

const CHUNK_BYTES = 256 * 1024;

/** The canonical tar of what changed. */
export function writeDiff(
  difference: TreeDifference,
  cancel: CancelFlag,
): AsyncGenerator<Uint8Array, void, undefined> {
  return writeTar(entries(difference, cancel));
}

function* entries(difference: TreeDifference, cancel: CancelFlag): Generator<TarInput, void, undefined> {
  const links = new Map<string, string>();
  for (const found of walkDifference(difference, cancel)) {
    if (found.kind === 'deleted') {
      yield { entry: makeTarEntry({ type: 'file', path: whiteoutPath(found.path) }) };
      continue;
    }
    const { path, node } = found;
    refuseWhiteoutName(path);
    const first = node.stat.nlink > 1n && node.type !== 'directory' ? links.get(node.inode) : undefined;
    if (first !== undefined) {
      yield { entry: makeTarEntry({ ...ownerAndTime(path, node), type: 'hardlink', linkPath: first }) };
    } else if (node.type === 'file') {
      yield* file(path, { node, links, cancel });
    } else if (node.type !== 'socket') {
      links.set(node.inode, path);
      yield { entry: entryOf(found) };
    }
  }
}

/** Nothing when the container removed it meanwhile. */
function* file(
  path: string,
  {
    node,
    links,
    cancel,
  }: { readonly node: TreeNode; readonly links: Map<string, string>; readonly cancel: CancelFlag },
): Generator<TarInput, void, undefined> {
  const fd = openFile(node);
  if (fd === undefined) return;
  try {
    const { size } = fstatSync(fd);
    links.set(node.inode, path);
    const entry = makeTarEntry({ ...commonFields(path, node), type: 'file', size });
    yield { entry, content: contentOf(fd, size, cancel) };
  } finally {
    closeSync(fd);
  }
}

function entryOf({ path, node, before }: Exclude<Difference, { readonly kind: 'deleted' }>): TarEntry {
  const common = commonFields(path, node);
  switch (node.type) {
    case 'directory':
      if (path !== '') return makeTarEntry({ ...common, type: 'directory' });
      return makeTarEntry({ ...common, type: 'directory', path: './', mtime: before?.stat.mtimeNs ?? 0n });
    case 'symlink':
      return makeTarEntry({ ...common, type: 'symlink', mode: 0o777, linkPath: node.linkTarget });
    case 'char':
    case 'block': {
      const { major, minor } = node.device;
      return makeTarEntry({ ...common, type: node.type, devMajor: major, devMinor: minor });
    }
    case 'fifo':
      return makeTarEntry({ ...common, type: 'fifo' });
    default:
      throw new Error(`A ${node.type} has no such entry`);
  }
}

function refuseWhiteoutName(path: string): void {
  if (!isWhiteout(nameOf(path))) return;
  throw new StorageError(
    'LAYER_REFUSED',
    `Cannot store "/${showName(path)}": in a layer, names that begin with ".wh." say that a file is gone`,
    { hint: 'Rename or remove it in the container', detail: { path } },
  );
}

type Fields = Pick<TarEntry, 'path' | 'mode' | 'uid' | 'gid' | 'mtime'>;

function ownerAndTime(path: string, { stat, mode }: TreeNode): Fields {
  return { path, mode, uid: Number(stat.uid), gid: Number(stat.gid), mtime: stat.mtimeNs };
}

function commonFields(path: string, node: TreeNode): Fields & Pick<TarEntry, 'xattrs'> {
  return { ...ownerAndTime(path, node), xattrs: node.xattrs };
}

/** As many bytes as were announced: a file that a container writes to is cut, or filled with zeros. */
function* contentOf(fd: number, size: number, cancel: CancelFlag): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < size; ) {
    cancel.throwIfSet();
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, size - at));
    chunk.fill(0, readFull(fd, chunk, at));
    // Whoever takes a chunk may give its memory away, and then it has no length any more.
    at += chunk.length;
    yield chunk;
  }
}
