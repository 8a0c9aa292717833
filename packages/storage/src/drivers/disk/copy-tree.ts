import {
  type BigIntStats,
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { deviceMajorMinor, getXattr, listXattrs, makeNode, setTimes, setXattr } from '@berth/linux';
import { bytesToPath, pathToBytes } from '@berth/oci';
import { FileCopier } from './copy-file.ts';
import type { WalkBudget } from './walk.ts';

interface Copying {
  readonly files: FileCopier;
  readonly budget: WalkBudget;
  /** Where the first name of an inode with several went. */
  readonly links: Map<string, string>;
}

/** @see DiskWork.copyTree */
export function copyTree(source: string, target: string, budget: WalkBudget): void {
  copyEntry(source, target, { files: new FileCopier(), budget, links: new Map() });
}

function copyEntry(source: string, target: string, copying: Copying): void {
  copying.budget.spend();
  const stat = lstatSync(pathToBytes(source), { bigint: true });
  if (stat.isSocket()) return; // No part of a layer: a tar cannot hold one.
  if (stat.nlink > 1n && !stat.isDirectory()) {
    const inode = `${stat.dev}:${stat.ino}`;
    const first = copying.links.get(inode);
    if (first !== undefined) {
      linkSync(pathToBytes(first), pathToBytes(target));
      return;
    }
    copying.links.set(inode, target);
  }
  make(source, target, { stat, copying });
  takeAttributes(source, target, stat);
}

function make(
  source: string,
  target: string,
  { stat, copying }: { readonly stat: BigIntStats; readonly copying: Copying },
): void {
  if (stat.isDirectory()) {
    mkdirSync(pathToBytes(target), { mode: 0o700 });
    for (const name of readdirSync(pathToBytes(source), { encoding: 'buffer' })) {
      const text = bytesToPath(name);
      copyEntry(`${source}/${text}`, `${target}/${text}`, copying);
    }
  } else if (stat.isFile()) {
    const hasHoles = stat.blocks * 512n < stat.size;
    copying.files.copy(source, target, { size: Number(stat.size), hasHoles });
  } else if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(pathToBytes(source), { encoding: 'buffer' }), pathToBytes(target));
  } else {
    const type = stat.isCharacterDevice() ? 'char' : stat.isBlockDevice() ? 'block' : 'fifo';
    makeNode(target, { type, mode: 0o600, ...(type === 'fifo' ? {} : deviceMajorMinor(stat.rdev)) });
  }
}

/** Owner first: changing it takes setuid bits and `security.capability` away. Times last: all else changes them. */
function takeAttributes(source: string, target: string, stat: BigIntStats): void {
  const path = pathToBytes(target);
  lchownSync(path, Number(stat.uid), Number(stat.gid));
  if (!stat.isSymbolicLink()) chmodSync(path, Number(stat.mode & 0o7777n));
  for (const name of listXattrs(source)) {
    const value = getXattr(source, name);
    if (value !== undefined) setXattr(target, name, value);
  }
  setTimes(target, { atime: stat.atimeNs, mtime: stat.mtimeNs });
}
