import {
  type BigIntStats,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { deviceMajorMinor, makeNode } from '@berth/linux';
import { bytesToPath, pathToBytes } from '@berth/oci';
import { copyAttributes } from './copy-attributes.ts';
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
  copyAttributes(source, target, stat);
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
