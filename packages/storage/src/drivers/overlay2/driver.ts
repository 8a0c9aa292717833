import { lstatSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { isMountPoint, mountOverlay } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import { backingFileSystem } from '../backing-file-system.ts';
import { copyAttributes } from '../disk/copy-attributes.ts';
import type { DiskWork } from '../disk/interface.ts';
import {
  blocksOf,
  DriverHome,
  isFolder,
  layerUnknown,
  notThere,
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
import { dropMountPoint, keysMountedAt, makeMountPoint, takeMountDown } from '../mount-point.ts';
import { OVERLAY_OPTIONS } from '../overlay-options.ts';
import { ParentLinks } from '../parent-links.ts';
import { DIFF, MERGED, WORK } from './paths.ts';

const NAME = 'overlay2';

/** OVL_MAX_STACK of the kernel. @see linux fs/overlayfs/params.h */
const MAX_LOWERS = 500;

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
  readonly #stacks: ParentLinks;
  readonly #onStep: (step: string) => void;

  constructor(home: DriverHome, { disk, onStep = () => {} }: OpenDriverOptions) {
    this.#home = home;
    this.#disk = disk;
    this.#stacks = new ParentLinks(home);
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
    await this.#home.makeLayer(key, async (path) => {
      this.#onStep('fill');
      await mkdir(`${path}/${DIFF}`, { mode: ROOT_MODE });
      if (isWritable) await mkdir(`${path}/${WORK}`, { mode: 0o700 });
      if (isWritable && parent !== undefined) this.#takeRootOf(parent, `${path}/${DIFF}`);
      await this.#stacks.link(key, parent);
    });
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
      if (isReadonly) mountOverlay(merged, { lowers: [diff, ...lowers], options: OVERLAY_OPTIONS });
      else mountOverlay(merged, { lowers, upper: diff, work, options: OVERLAY_OPTIONS });
    } catch (error) {
      await dropMountPoint(merged);
      await this.#assertWhole(key, below);
      throw error;
    }
    this.#onStep('mounted');
    return merged;
  }

  async unmount(key: LayerKey): Promise<void> {
    await takeMountDown(this.#home.layer(key, MERGED));
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
    return keysMountedAt(this.#home, MERGED);
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
    if (!(await this.#home.hasLayer(key))) return notThere(key, this.#home.layer(key), 'missing');
    const diff = this.#home.layer(key, DIFF);
    if (!(await isFolder(diff))) return notThere(key, diff, 'incomplete');
    return await this.#stacks.check(key, parents[0]);
  }

  async repairLayer(problem: DriverProblem, parents: readonly LayerKey[]): Promise<void> {
    if (problem.problem !== 'unlinked') {
      throw new StorageError('LAYER_DAMAGED', `Cannot repair the layer "${problem.key}": ${problem.detail}`);
    }
    await this.#stacks.relink(problem.key, parents[0]);
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
