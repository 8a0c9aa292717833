import { lstatSync } from 'node:fs';
import { mkdir, rmdir, symlink, unlink } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { isMountPoint, mountOverlay, readMounts, unmount } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import { backingFileSystem } from '../backing-file-system.ts';
import { copyAttributes } from '../disk/copy-attributes.ts';
import { asDiskFull } from '../disk/disk-full.ts';
import type { DiskWork } from '../disk/interface.ts';
import {
  blocksOf,
  DriverHome,
  isFolder,
  layerUnknown,
  ROOT_MODE,
  refuseSizeLimit,
  refuseUnknownOptions,
} from '../home.ts';
import type {
  CreateOptions,
  DriverAbilities,
  DriverProblem,
  LayerKey,
  OpenDriverOptions,
  OpenLayer,
  StorageDriver,
} from '../interface.ts';
import { isLayerKey } from '../keys.ts';
import { DIFF, MERGED, PARENT, WORK } from './paths.ts';
import { LayerStacks } from './stack.ts';

const NAME = 'overlay2';

/** OVL_MAX_STACK of the kernel. @see linux fs/overlayfs/params.h */
const MAX_LOWERS = 500;

/**
 * Whatever the kernel's defaults are. With these a layer's folder holds whole files and no hint to other folders, so that it
 * can be diffed without mounting: renaming a lower directory gives EXDEV instead of a redirect, a changed mode copies the file.
 * Redirects that a layer brings along are not followed.
 */
const MOUNT_OPTIONS = { index: 'off', redirect_dir: 'nofollow', metacopy: 'off' } as const;

/** @throws {StorageError} `DRIVER_OPTION_INVALID` */
export async function openOverlay2(options: OpenDriverOptions): Promise<StorageDriver> {
  refuseUnknownOptions(NAME, options.options);
  const home = await DriverHome.open(options.home, options.disk);
  return new Overlay2Driver(home, options);
}

class Overlay2Driver implements StorageDriver {
  readonly name = NAME;
  readonly abilities: DriverAbilities = {
    form: { form: 'changes', whiteouts: 'overlay' },
    limitsSize: false,
    maxDepth: MAX_LOWERS,
  };
  readonly #home: DriverHome;
  readonly #disk: DiskWork;
  readonly #stacks: LayerStacks;
  readonly #onStep: (step: string) => void;

  constructor(home: DriverHome, { disk, onStep = () => {} }: OpenDriverOptions) {
    this.#home = home;
    this.#disk = disk;
    this.#stacks = new LayerStacks(home);
    this.#onStep = (step) => onStep(`${NAME}.${step}`);
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    return [
      ['Backing Filesystem', await backingFileSystem(this.#home.path)],
      ['Supports d_type', 'true'],
      ['Using metacopy', 'false'],
      ['Native Overlay Diff', 'true'],
      ['userxattr', 'false'],
    ];
  }

  async create(key: LayerKey, options: CreateOptions): Promise<void> {
    refuseSizeLimit(NAME, options.sizeLimitBytes);
    const { parent, isWritable } = options;
    if (parent !== undefined && !(await this.#home.hasLayer(parent))) throw layerUnknown(parent, 'build on');
    this.#onStep('create');
    const path = await this.#home.makeLayer(key);
    try {
      this.#onStep('fill');
      await mkdir(`${path}/${DIFF}`, { mode: ROOT_MODE });
      if (isWritable) await mkdir(`${path}/${WORK}`, { mode: 0o700 });
      if (isWritable && parent !== undefined) this.#takeRootOf(parent, `${path}/${DIFF}`);
      await this.#stacks.link(key, parent);
    } catch (error) {
      throw await asDiskFull(error, path);
    }
    this.#onStep('created');
  }

  async open(key: LayerKey): Promise<OpenLayer> {
    const path = this.#home.layer(key, DIFF);
    if (!(await isFolder(path))) throw layerUnknown(key, 'open');
    return { form: 'changes', whiteouts: 'overlay', path, [Symbol.asyncDispose]: async () => {} };
  }

  async mount(key: LayerKey, { isReadonly }: { readonly isReadonly: boolean }): Promise<string> {
    const diff = this.#home.layer(key, DIFF);
    if (!(await isFolder(diff))) throw layerUnknown(key, 'mount');
    const below = await this.#stacks.below(key);
    // Overlayfs wants two folders to lay over each other; one alone is what it is.
    if (below.length === 0) return diff;
    const merged = this.#home.layer(key, MERGED);
    if (!(await makeMountPoint(merged)) && isMountPoint(merged)) return merged;
    const lowers = below.map((lower) => this.#home.layer(lower, DIFF));
    this.#onStep('mount');
    const work = this.#home.layer(key, WORK);
    try {
      if (isReadonly) mountOverlay(merged, { lowers: [diff, ...lowers], options: MOUNT_OPTIONS });
      else mountOverlay(merged, { lowers, upper: diff, work, options: MOUNT_OPTIONS });
    } catch (error) {
      await ignoring(['ENOENT'], rmdir(merged));
      await this.#assertWhole(key, below);
      throw error;
    }
    this.#onStep('mounted');
    return merged;
  }

  async unmount(key: LayerKey): Promise<void> {
    const merged = this.#home.layer(key, MERGED);
    try {
      // Before the folder goes: where it is still used, also in another mount namespace, the users keep what they have.
      for (let isMounted = true; isMounted; isMounted = isMountPoint(merged)) {
        unmount(merged, { detach: true, noFollow: true });
      }
    } catch (error) {
      if (!(hasCode(error) && (error.code === 'EINVAL' || error.code === 'ENOENT'))) throw error;
    }
    // It may be somebody else's mount point, or have been written to while nothing was mounted: then it goes with the layer.
    await ignoring(['ENOENT', 'EBUSY', 'ENOTEMPTY'], rmdir(merged));
  }

  async remove(key: LayerKey): Promise<void> {
    await this.unmount(key);
    await this.#home.removeLayer(key, this.#onStep);
    this.#stacks.forget(key);
  }

  list() {
    return this.#home.list();
  }

  async mounted(): Promise<ReadonlySet<LayerKey>> {
    const prefix = `${this.#home.path}/`;
    const keys = new Set<LayerKey>();
    for (const { mountPoint } of readMounts()) {
      if (!mountPoint.startsWith(prefix)) continue;
      const [key = '', name] = mountPoint.slice(prefix.length).split('/');
      if (name === MERGED && isLayerKey(key)) keys.add(key);
    }
    return keys;
  }

  sweepGarbage(): Promise<number> {
    return this.#home.sweepGarbage();
  }

  async metadata(key: LayerKey): Promise<Readonly<Record<string, string>>> {
    const below = await this.#stacks.below(key);
    return {
      ...(below.length === 0
        ? {}
        : { LowerDir: below.map((lower) => this.#home.layer(lower, DIFF)).join(':') }),
      MergedDir: this.#home.layer(key, MERGED),
      UpperDir: this.#home.layer(key, DIFF),
      WorkDir: this.#home.layer(key, WORK),
    };
  }

  async usage(key: LayerKey, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    // `merged` shows what lies below again: each part for itself, the folder last.
    const parts = await Promise.all(
      [DIFF, WORK].map((name) => this.#disk.measureTree(this.#home.layer(key, name), options)),
    );
    return parts.reduce((sum, bytes) => sum + bytes, await blocksOf(this.#home.layer(key)));
  }

  async check(key: LayerKey, parents: readonly LayerKey[]): Promise<readonly DriverProblem[]> {
    if (!(await this.#home.hasLayer(key))) {
      return [
        { key, problem: 'missing', detail: `"${this.#home.layer(key)}" is not there`, isRepairable: false },
      ];
    }
    if (!(await isFolder(this.#home.layer(key, DIFF)))) {
      const detail = `"${this.#home.layer(key, DIFF)}" is not there`;
      return [{ key, problem: 'incomplete', detail, isRepairable: false }];
    }
    let found: string;
    try {
      found = (await this.#stacks.readParent(key)) ?? 'no layer';
    } catch (error) {
      if (!(hasCode(error) && error.code === 'LAYER_DAMAGED')) throw error;
      found = 'something that is no layer';
    }
    const expected = parents[0] ?? 'no layer';
    if (found === expected) return [];
    const detail = `It lies on ${expected}, and its parent link names ${found}`;
    return [{ key, problem: 'unlinked', detail, isRepairable: true }];
  }

  async repairLayer(problem: DriverProblem, parents: readonly LayerKey[]): Promise<void> {
    if (problem.problem !== 'unlinked') {
      throw new StorageError('LAYER_DAMAGED', `Cannot repair the layer "${problem.key}": ${problem.detail}`);
    }
    const link = this.#home.layer(problem.key, PARENT);
    await ignoring(['ENOENT'], unlink(link));
    if (parents[0] !== undefined) await symlink(`../${parents[0]}`, link);
    this.#stacks.forget(problem.key);
  }

  /** Overlayfs shows the attributes of the uppermost folder as those of `/`. An image layer is told its own when it is filled. */
  #takeRootOf(parent: LayerKey, diff: string): void {
    const source = this.#home.layer(parent, DIFF);
    const stat = lstatSync(source, { bigint: true, throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) throw layerUnknown(parent, 'build on');
    copyAttributes(source, diff, stat);
  }

  /** @throws {StorageError} `LAYER_DAMAGED` naming the layer below that is not there */
  async #assertWhole(key: LayerKey, below: readonly LayerKey[]): Promise<void> {
    for (const lower of below) {
      if (await isFolder(this.#home.layer(lower, DIFF))) continue;
      throw new StorageError(
        'LAYER_DAMAGED',
        `Cannot mount the layer "${key}": "${lower}" below it is gone`,
        {
          hint: 'Run berth check, which names the images that have it',
          detail: { key, missing: lower },
        },
      );
    }
  }

  /** Mounts stay: containers run on. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** @returns `false` when it was there */
async function makeMountPoint(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'EEXIST') return false;
    throw await asDiskFull(error, path);
  }
}

async function ignoring(codes: readonly string[], work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(hasCode(error) && codes.includes(error.code))) throw error;
  }
}
