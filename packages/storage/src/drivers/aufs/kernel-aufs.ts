import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { LinuxError, mountFileSystem, remountFileSystem, unmount } from '@berth/linux';

const PAGE_BYTES = 4096;
/** Docker leaves as much. */
const SPARE_BYTES = 54;
const AUPLINK_TIMEOUT_MS = 30_000;

export interface Branches {
  /** The one that is written to. */
  readonly upper: string;
  /** Nearest first. */
  readonly lowers: readonly string[];
}

export interface AufsMountData {
  readonly data: string;
  /** What did not fit in the one page that a mount takes: one remount each. */
  readonly appends: readonly string[];
}

/** @see aufs(5): `br:`, `append:`, `dio`, `xino`, `dirperm1` */
export function aufsMountData(
  { upper, lowers }: Branches,
  options: { readonly isReadonly: boolean; readonly hasDirperm1: boolean },
): AufsMountData {
  const tail = `,dio,xino=/dev/shm/aufs.xino${options.hasDirperm1 ? ',dirperm1' : ''}`;
  let branches = `br:${upper}=${options.isReadonly ? 'ro+wh' : 'rw'}`;
  const room = PAGE_BYTES - SPARE_BYTES - Buffer.byteLength(tail);
  let at = 0;
  for (; at < lowers.length; at++) {
    const longer = `${branches}:${lowers[at]}=ro+wh`;
    if (Buffer.byteLength(longer) > room) break;
    branches = longer;
  }
  return { data: branches + tail, appends: lowers.slice(at).map((lower) => `append:${lower}=ro+wh`) };
}

/** All of it or nothing. */
export function mountAufs(
  target: string,
  options: Branches & { readonly isReadonly: boolean; readonly hasDirperm1: boolean },
): void {
  const { data, appends } = aufsMountData(options, options);
  const flags = { readonly: options.isReadonly };
  mountFileSystem(target, { type: 'aufs', source: 'none', flags, data });
  try {
    for (const append of appends) remountFileSystem(target, { type: 'aufs', flags, data: append });
  } catch (error) {
    unmount(target, { detach: true });
    throw error;
  }
}

/**
 * Makes real links of the pseudo-links that aufs keeps in memory while it is mounted: names of one file in several branches. By the
 * program of aufs-tools; without it such names part when it is unmounted, as they did for everybody without it.
 */
export async function flushPseudoLinks(target: string): Promise<void> {
  try {
    await promisify(execFile)('auplink', [target, 'flush'], { timeout: AUPLINK_TIMEOUT_MS });
  } catch (error) {
    // There is none, or it found nothing mounted: what follows is the same.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

/** Whether what a lower branch forbids counts when the upper one allows it: tried, in a folder that goes afterwards. */
export function tryDirperm1(scratch: string): boolean {
  const [upper, lower, target] = [`${scratch}/upper`, `${scratch}/lower`, `${scratch}/target`];
  for (const path of [upper, lower, target]) mkdirSync(path);
  try {
    mountAufs(target, { upper, lowers: [lower], isReadonly: false, hasDirperm1: true });
    unmount(target, { detach: true });
    return true;
  } catch (error) {
    if (error instanceof LinuxError) return false;
    throw error;
  }
}
