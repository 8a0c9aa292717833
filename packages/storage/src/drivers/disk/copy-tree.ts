import {
  type BigIntStats,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { deviceMajorMinor, getXattr, makeNode, setXattr } from '@berth/linux';
import { bytesToPath, pathToBytes } from '@berth/oci';
import { copyAttributes, OVERLAY_OPAQUE } from './copy-attributes.ts';
import { FileCopier } from './copy-file.ts';
import type { WalkBudget } from './walk.ts';

export interface CopyTreeOptions {
  /** The tree is a folder of changes with overlayfs's marks: what is opaque in it stays so. */
  readonly keepsMarks?: boolean;
}

interface Copying extends CopyTreeOptions {
  readonly files: FileCopier;
  readonly budget: WalkBudget;
  /** Where the first name of an inode with several went. */
  readonly links: Map<string, string>;
}

/** @see DiskWork.copyTree */
export function copyTree(
  source: string,
  target: string,
  { budget, keepsMarks = false }: CopyTreeOptions & { readonly budget: WalkBudget },
): boolean {
  const files = new FileCopier();
  copyEntry(source, target, { files, budget, links: new Map(), keepsMarks });
  return files.hasSharedAll;
}

/** Copies one thing that is no folder and no socket. */
export function copyNode(source: string, target: string, files: FileCopier): void {
  const stat = lstatSync(pathToBytes(source), { bigint: true });
  makeNodeLike(source, target, { stat, files });
  copyAttributes(source, target, stat);
}

function copyEntry(source: string, target: string, copying: Copying): void {
  const stat = lstatSync(pathToBytes(source), { bigint: true });
  copying.budget.spend(stat.isFile() ? Number(stat.size) : 0);
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
  if (stat.isDirectory()) copyFolder(source, target, copying);
  else makeNodeLike(source, target, { stat, files: copying.files });
  copyAttributes(source, target, stat);
}

function copyFolder(source: string, target: string, copying: Copying): void {
  mkdirSync(pathToBytes(target), { mode: 0o700 });
  const opaque = copying.keepsMarks === true ? getXattr(source, OVERLAY_OPAQUE) : undefined;
  if (opaque !== undefined) setXattr(target, OVERLAY_OPAQUE, opaque);
  for (const name of readdirSync(pathToBytes(source), { encoding: 'buffer' })) {
    const text = bytesToPath(name);
    copyEntry(`${source}/${text}`, `${target}/${text}`, copying);
  }
}

function makeNodeLike(
  source: string,
  target: string,
  { stat, files }: { readonly stat: BigIntStats; readonly files: FileCopier },
): void {
  if (stat.isFile()) {
    const hasHoles = stat.blocks * 512n < stat.size;
    files.copy(source, target, { size: Number(stat.size), hasHoles });
  } else if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(pathToBytes(source), { encoding: 'buffer' }), pathToBytes(target));
  } else {
    const type = stat.isCharacterDevice() ? 'char' : stat.isBlockDevice() ? 'block' : 'fifo';
    makeNode(target, { type, mode: 0o600, ...(type === 'fifo' ? {} : deviceMajorMinor(stat.rdev)) });
  }
}
