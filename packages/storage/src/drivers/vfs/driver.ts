import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { cloneFile } from '@berth/linux';
import { backingFileSystem } from '../backing-file-system.ts';
import { tryInside } from '../can-mount.ts';
import type { DiskWork } from '../disk/interface.ts';
import {
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
import { birthOf, outlive } from '../times.ts';

const NAME = 'vfs';

/**
 *     <home>/<key>/
 *       root/      the whole root filesystem, 0755
 *       copying/   while it is being copied from the parent
 *       clone-of   symlink to ../<key of the parent> where all bytes of the copy are shared with it (reflink)
 *
 * The link is younger than the copy, and older than the layer's first change: its time of birth tells what in `root/` the layer has made.
 */
const ROOT = 'root';
const COPYING = 'copying';
const CLONE_OF = 'clone-of';

/** @throws {StorageError} `DRIVER_OPTION_INVALID` */
export async function openVfs(options: OpenDriverOptions): Promise<StorageDriver> {
  refuseUnknownOptions(NAME, options.options);
  const home = await DriverHome.open(options.home, options.disk);
  return new VfsDriver(home, { ...options, clones: await canClone(home.path) });
}

/**
 * Every layer is a full copy of the one below, then changed: works anywhere, and costs what it costs. Where the file system can it is
 * copied by reflink, which costs no blocks until one of the two is changed.
 */
class VfsDriver implements StorageDriver {
  readonly name = NAME;
  readonly abilities: DriverAbilities;
  readonly #home: DriverHome;
  readonly #disk: DiskWork;
  readonly #onStep: (step: string) => void;

  constructor(
    home: DriverHome,
    { disk, clones, onStep = () => {} }: OpenDriverOptions & { readonly clones: boolean },
  ) {
    this.abilities = {
      form: { form: 'tree' },
      limitsSize: false,
      ...(clones ? { sharesBlocks: true } : {}),
      maxDepth: Number.MAX_SAFE_INTEGER,
    };
    this.#home = home;
    this.#disk = disk;
    this.#onStep = (step) => onStep(`${NAME}.${step}`);
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    return [
      ['Backing Filesystem', await backingFileSystem(this.#home.path)],
      ['Copies By', this.abilities.sharesBlocks === true ? 'reflink' : 'bytes'],
    ];
  }

  async create(key: LayerKey, { parent, isWritable, sizeLimitBytes }: CreateOptions): Promise<void> {
    refuseSizeLimit(NAME, sizeLimitBytes);
    const source = parent === undefined ? undefined : await this.#root(parent, 'build on');
    this.#onStep('create');
    await this.#home.makeLayer(key, async (path) => {
      this.#onStep('copy');
      const copying = `${path}/${COPYING}`;
      if (source === undefined) await mkdir(copying, { mode: ROOT_MODE });
      else if (await this.#disk.copyTree(source, copying)) {
        const clone = `${path}/${CLONE_OF}`;
        await symlink(`../${parent}`, clone);
        if (!isWritable) await outlive(clone, path);
      }
      this.#onStep('rename-copy');
      await rename(copying, `${path}/${ROOT}`);
    });
    this.#onStep('created');
  }

  async open(key: LayerKey): Promise<OpenLayer> {
    return { form: 'tree', path: await this.#root(key, 'open'), [Symbol.asyncDispose]: async () => {} };
  }

  mount(key: LayerKey): Promise<string> {
    return this.#root(key, 'mount');
  }

  async unmount(): Promise<void> {}

  remove(key: LayerKey): Promise<void> {
    return this.#home.removeLayer(key, this.#onStep);
  }

  async mounted(): Promise<ReadonlySet<LayerKey>> {
    return new Set();
  }

  list() {
    return this.#home.list();
  }

  sweepGarbage(): Promise<number> {
    return this.#home.sweepGarbage();
  }

  async metadata(): Promise<Readonly<Record<string, string>>> {
    return {};
  }

  /** All of it, and of a clone what it has had since: no call tells how much of a file is shared with whom. */
  async usage(key: LayerKey, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const born = await birthOf(this.#home.layer(key, CLONE_OF));
    const snapshot = born === undefined ? {} : { snapshotAtNs: born };
    return this.#disk.measureTree(this.#home.layer(key), { ...options, ...snapshot });
  }

  async check(key: LayerKey): Promise<readonly DriverProblem[]> {
    if (!(await this.#home.hasLayer(key))) return notThere(key, this.#home.layer(key), 'missing');
    const root = this.#home.layer(key, ROOT);
    return (await isFolder(root)) ? [] : notThere(key, root, 'incomplete');
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #root(key: LayerKey, action: string): Promise<string> {
    const path = this.#home.layer(key, ROOT);
    if (!(await isFolder(path))) throw layerUnknown(key, action);
    return path;
  }
}

/** Tried with an empty file, for which also a full disk has room more often than not. Where nothing can be made nothing is shared. */
async function canClone(home: string): Promise<boolean> {
  try {
    return await tryInside(home, async (scratch) => {
      await writeFile(`${scratch}/file`, '');
      return cloneFile(`${scratch}/file`, `${scratch}/clone`);
    });
  } catch (error) {
    if (!hasCode(error)) throw error;
    return false;
  }
}
