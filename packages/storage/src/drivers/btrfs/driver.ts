import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import {
  createSubvolume,
  destroySubvolume,
  isSubvolume,
  snapshotSubvolume,
  syncFileSystemAsync,
} from '@berth/linux';
import { StorageError } from '../../errors.ts';
import type { DiskWork } from '../disk/interface.ts';
import {
  DriverHome,
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
import { ParentLinks } from '../parent-links.ts';
import { sweepEach } from '../sweep-each.ts';
import { birthOf, outlive } from '../times.ts';

const NAME = 'btrfs';

/**
 *     <home>/<key>/
 *       root/      a subvolume: the whole root filesystem
 *       parent     symlink to ../<key of the layer that it is a snapshot of>; a base layer has none
 *
 * The folder around it is younger than the parent's last change, and older than the layer's first: its time of birth tells what in
 * `root/` the layer has made.
 */
const ROOT = 'root';
const PARENT = 'parent';

/** @throws {StorageError} `DRIVER_OPTION_INVALID` */
export async function openBtrfs(options: OpenDriverOptions): Promise<StorageDriver> {
  refuseUnknownOptions(NAME, options.options);
  return new BtrfsDriver(await DriverHome.open(options.home, options.disk), options);
}

/**
 * Every layer a subvolume, made as a snapshot of its parent: that costs the same for any size, and nothing is mounted. Both are the
 * kernel's own calls; no program of btrfs-progs is needed.
 *
 * There are no limits of size: they are groups of quota (qgroups), which slow every snapshot and removal on the whole file system
 * down and which the makers of btrfs advise against where snapshots come and go.
 */
class BtrfsDriver implements StorageDriver {
  readonly name = NAME;
  readonly abilities: DriverAbilities = {
    form: { form: 'tree' },
    limitsSize: false,
    sharesBlocks: true,
    maxDepth: Number.MAX_SAFE_INTEGER,
  };
  readonly #home: DriverHome;
  readonly #disk: DiskWork;
  readonly #parents: ParentLinks;
  readonly #onStep: (step: string) => void;

  constructor(home: DriverHome, { disk, onStep = () => {} }: OpenDriverOptions) {
    this.#home = home;
    this.#disk = disk;
    this.#parents = new ParentLinks(home, PARENT);
    this.#onStep = (step) => onStep(`${NAME}.${step}`);
  }

  /** As Docker has it; there is nothing to say after the name. */
  async status(): Promise<readonly (readonly [string, string])[]> {
    return [['Btrfs', 'subvolumes and snapshots, without quota']];
  }

  async create(key: LayerKey, { parent, isWritable, sizeLimitBytes }: CreateOptions): Promise<void> {
    refuseSizeLimit(NAME, sizeLimitBytes);
    const source = parent === undefined ? undefined : this.#rootOf(parent, 'build on');
    this.#onStep('create');
    await this.#home.makeLayer(key, async (path) => {
      this.#onStep('subvolume');
      const root = join(path, ROOT);
      await this.#parents.link(key, parent);
      if (source !== undefined) await snapshotSubvolume(source, root);
      else await createSubvolume(root);
      if (source === undefined) await chmod(root, ROOT_MODE);
      if (source !== undefined && !isWritable) await outlive(path, path);
    });
    this.#onStep('created');
  }

  async open(key: LayerKey): Promise<OpenLayer> {
    return { form: 'tree', path: this.#rootOf(key, 'open'), [Symbol.asyncDispose]: async () => {} };
  }

  async mount(key: LayerKey): Promise<string> {
    return this.#rootOf(key, 'mount');
  }

  async unmount(): Promise<void> {}

  async remove(key: LayerKey): Promise<void> {
    const path = await this.#home.moveAside(key, this.#onStep);
    this.#onStep('remove');
    if (path !== undefined) await this.#destroy(path);
    this.#parents.forget(key);
  }

  /** A commit of the file system: it takes its subvolumes along, where fsync of a folder would leave what lies deeper. */
  async sync(): Promise<void> {
    await syncFileSystemAsync(this.#home.path);
  }

  async mounted(): Promise<ReadonlySet<LayerKey>> {
    return new Set();
  }

  list() {
    return this.#home.list();
  }

  async sweepGarbage(): Promise<number> {
    const { garbage } = await this.#home.list();
    return await sweepEach(
      garbage.map((path) => async () => {
        const bytes = await this.#measure(path);
        await this.#destroy(path);
        return bytes;
      }),
    );
  }

  async metadata(): Promise<Readonly<Record<string, string>>> {
    return {};
  }

  /**
   * Bytes of data alone: of the files that the layer has made, and of what it has written in others. Asked of the extents, as without
   * quota the file system keeps no sum. What its metadata takes is not told to anybody by layer.
   */
  usage(key: LayerKey, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    return this.#measure(this.#home.layer(key), options);
  }

  async check(key: LayerKey, parents: readonly LayerKey[]): Promise<readonly DriverProblem[]> {
    if (!(await this.#home.hasLayer(key))) return notThere(key, this.#home.layer(key), 'missing');
    const root = this.#home.layer(key, ROOT);
    if (!isSubvolume(root)) return notThere(key, root, 'incomplete');
    return await this.#parents.check(key, parents[0]);
  }

  async repairLayer({ key, problem, detail }: DriverProblem, parents: readonly LayerKey[]): Promise<void> {
    if (problem !== 'unlinked') {
      throw new StorageError('LAYER_DAMAGED', `Cannot repair the layer "${key}": ${detail}`);
    }
    await this.#parents.relink(key, parents[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #rootOf(key: LayerKey, action: string): string {
    const path = this.#home.layer(key, ROOT);
    if (!isSubvolume(path)) throw layerUnknown(key, action);
    return path;
  }

  /** `path`: the folder of a layer, also as garbage. */
  async #measure(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const made = await birthOf(path);
    if (made === undefined) return 0;
    // All of a base layer is its own, whoever shares it.
    const snapshotAtNs = (await birthOf(join(path, PARENT))) === undefined ? {} : { snapshotAtNs: made };
    return await this.#disk.measureTree(join(path, ROOT), { ...options, ...snapshotAtNs });
  }

  /** At once where it can be; what somebody has put in its way goes file by file, which needs less room at a time, too. */
  async #destroy(path: string): Promise<void> {
    const root = join(path, ROOT);
    try {
      if (isSubvolume(root)) await destroySubvolume(root);
    } catch (error) {
      if (!hasCode(error)) throw error;
    }
    await this.#disk.removeTree(path);
  }
}
