import { mkdir, rename } from 'node:fs/promises';
import { backingFileSystem } from '../backing-file-system.ts';
import { asDiskFull } from '../disk/disk-full.ts';
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

const NAME = 'vfs';

/**
 *     <home>/<key>/
 *       root/      the whole root filesystem, 0755
 *       copying/   while it is being copied from the parent
 */
const ROOT = 'root';
const COPYING = 'copying';

/** @throws {StorageError} `DRIVER_OPTION_INVALID` */
export async function openVfs(options: OpenDriverOptions): Promise<StorageDriver> {
  refuseUnknownOptions(NAME, options.options);
  return new VfsDriver(await DriverHome.open(options.home, options.disk), options);
}

/** Every layer is a full copy of the one below, then changed: works anywhere, and costs what it costs. */
class VfsDriver implements StorageDriver {
  readonly name = NAME;
  readonly abilities: DriverAbilities = {
    form: { form: 'tree' },
    limitsSize: false,
    maxDepth: Number.MAX_SAFE_INTEGER,
  };
  readonly #home: DriverHome;
  readonly #disk: DiskWork;
  readonly #onStep: (step: string) => void;

  constructor(home: DriverHome, { disk, onStep = () => {} }: OpenDriverOptions) {
    this.#home = home;
    this.#disk = disk;
    this.#onStep = (step) => onStep(`${NAME}.${step}`);
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    return [['Backing Filesystem', await backingFileSystem(this.#home.path)]];
  }

  async create(key: LayerKey, { parent, sizeLimitBytes }: CreateOptions): Promise<void> {
    refuseSizeLimit(NAME, sizeLimitBytes);
    const source = parent === undefined ? undefined : await this.#root(parent, 'build on');
    this.#onStep('create');
    const path = await this.#home.makeLayer(key);
    this.#onStep('copy');
    if (source !== undefined) await this.#disk.copyTree(source, `${path}/${COPYING}`);
    else await makeRoot(`${path}/${COPYING}`);
    this.#onStep('rename-copy');
    await rename(`${path}/${COPYING}`, `${path}/${ROOT}`);
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

  /** All of it: nothing is shared, or where it is by reflink, no call tells how much. */
  async usage(key: LayerKey, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    return this.#disk.measureTree(this.#home.layer(key), options);
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

async function makeRoot(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: ROOT_MODE });
  } catch (error) {
    throw await asDiskFull(error, path);
  }
}
