import { lstatSync } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
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
import { COPYING, LINKING, LOWER_ID, MERGED, PARENT, ROOT, UPPER, WORK } from './paths.ts';

const NAME = 'overlay';

/** @throws {StorageError} `DRIVER_OPTION_INVALID` */
export async function openOverlay(options: OpenDriverOptions): Promise<StorageDriver> {
  refuseUnknownOptions(NAME, options.options);
  return new OverlayDriver(await DriverHome.open(options.home, options.disk), options);
}

/**
 * The original driver, for the overlayfs of Linux 3.18: one lower folder and one upper.
 *
 * An image layer is a whole tree of which every file is a further name (hard link) of the one in the layer below; folders are
 * its own. So a file must never be written to once it is there: the unpacker only takes names away and makes new files, and
 * overlayfs copies up what a container changes.
 *
 * Between an image and its containers lies the init layer. Of the ways to have it with one lower this driver takes Docker's: the
 * init layer is a container layer on the image, and each container begins with a copy of its `upper/`. Those are some ten empty
 * files and folders, copied in a millisecond. The other way, a tree of links for the init layer as the lower of its
 * containers, is a name for every file and a folder for every folder of the image, made before its first container starts.
 */
class OverlayDriver implements StorageDriver {
  readonly name = NAME;
  readonly abilities: DriverAbilities = {
    form: { form: 'tree' },
    containerForm: { form: 'changes', whiteouts: 'overlay' },
    limitsSize: false,
    maxDepth: Number.MAX_SAFE_INTEGER,
  };
  readonly #home: DriverHome;
  readonly #disk: DiskWork;
  readonly #parents: ParentLinks;
  readonly #lowers: ParentLinks;
  readonly #onStep: (step: string) => void;

  constructor(home: DriverHome, { disk, onStep = () => {} }: OpenDriverOptions) {
    this.#home = home;
    this.#disk = disk;
    this.#parents = new ParentLinks(home, PARENT);
    this.#lowers = new ParentLinks(home, LOWER_ID);
    this.#onStep = (step) => onStep(`${NAME}.${step}`);
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    return [
      ['Backing Filesystem', await backingFileSystem(this.#home.path)],
      ['Supports d_type', 'true'],
    ];
  }

  async create(key: LayerKey, options: CreateOptions): Promise<void> {
    refuseSizeLimit(NAME, options.sizeLimitBytes);
    const { parent, isWritable } = options;
    const form = parent === undefined ? undefined : await this.#formOf(parent, 'build on');
    this.#onStep('create');
    await this.#home.makeLayer(key, async (path) => {
      this.#onStep('fill');
      if (parent === undefined) await mkdir(`${path}/${ROOT}`, { mode: ROOT_MODE });
      else if (isWritable) await this.#makeUpper(key, { parent, isOnUpper: form === 'upper' });
      else await this.#makeTree(key, { parent, isOnUpper: form === 'upper' });
    });
    this.#onStep('created');
  }

  async open(key: LayerKey): Promise<OpenLayer> {
    const form = await this.#formOf(key, 'open');
    const close = { [Symbol.asyncDispose]: async () => {} };
    return form === 'root'
      ? { form: 'tree', path: this.#home.layer(key, ROOT), ...close }
      : { form: 'changes', whiteouts: 'overlay', path: this.#home.layer(key, UPPER), ...close };
  }

  async mount(key: LayerKey, { isReadonly }: { readonly isReadonly: boolean }): Promise<string> {
    if ((await this.#formOf(key, 'mount')) === 'root') return this.#home.layer(key, ROOT);
    const lower = await this.#lowerOf(key);
    const merged = this.#home.layer(key, MERGED);
    if (!(await makeMountPoint(merged)) && isMountPoint(merged)) return merged;
    this.#onStep('mount');
    try {
      mountOverlay(merged, {
        lowers: [this.#home.layer(lower, ROOT)],
        upper: this.#home.layer(key, UPPER),
        work: this.#home.layer(key, WORK),
        isReadonly,
        options: OVERLAY_OPTIONS,
      });
    } catch (error) {
      await dropMountPoint(merged);
      if (!(await isFolder(this.#home.layer(lower, ROOT)))) throw lowerGone(key, lower);
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
    this.#parents.forget(key);
    this.#lowers.forget(key);
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
    if ((await this.#formOf(key, 'describe')) === 'root') return { RootDir: this.#home.layer(key, ROOT) };
    return {
      LowerDir: this.#home.layer(await this.#lowerOf(key), ROOT),
      MergedDir: this.#home.layer(key, MERGED),
      UpperDir: this.#home.layer(key, UPPER),
      WorkDir: this.#home.layer(key, WORK),
    };
  }

  /** Of an image layer: its folders, and the files that its parent has under no name. */
  async usage(key: LayerKey, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const path = this.#home.layer(key);
    const parent = await this.#parents.find(key);
    const isKnown = parent !== undefined && parent !== 'damaged';
    const beyond = isKnown ? { beyond: this.#home.layer(parent, ROOT) } : {};
    let bytes = await blocksOf(path);
    for (const name of await namesIn(path)) {
      // It shows what lies below again.
      if (name === MERGED) continue;
      bytes += await this.#disk.measureTree(`${path}/${name}`, { ...options, ...beyond });
    }
    return bytes;
  }

  async check(key: LayerKey, parents: readonly LayerKey[]): Promise<readonly DriverProblem[]> {
    if (!(await this.#home.hasLayer(key))) return notThere(key, this.#home.layer(key), 'missing');
    if (await isFolder(this.#home.layer(key, ROOT))) return await this.#parents.check(key, parents[0]);
    const upper = this.#home.layer(key, UPPER);
    if (!(await isFolder(upper))) return notThere(key, upper, 'incomplete');
    return await this.#lowers.check(key, await this.#lowerAmong(key, parents));
  }

  async repairLayer(problem: DriverProblem, parents: readonly LayerKey[]): Promise<void> {
    const { key } = problem;
    if (problem.problem !== 'unlinked') {
      throw new StorageError('LAYER_DAMAGED', `Cannot repair the layer "${key}": ${problem.detail}`);
    }
    if (await isFolder(this.#home.layer(key, ROOT))) await this.#parents.relink(key, parents[0]);
    else await this.#lowers.relink(key, await this.#lowerAmong(key, parents));
  }

  /** Mounts stay: containers run on. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #makeTree(
    key: LayerKey,
    { parent, isOnUpper }: { readonly parent: LayerKey; readonly isOnUpper: boolean },
  ): Promise<void> {
    const linking = this.#home.layer(key, LINKING);
    // Before the tree: what of it is the parent's is known even when this ends half-way.
    await this.#parents.link(key, parent);
    this.#onStep('link');
    if (isOnUpper) await this.#copyMerged(parent, linking);
    else await this.#disk.linkTree(this.#home.layer(parent, ROOT), linking);
    this.#onStep('rename-tree');
    await rename(linking, this.#home.layer(key, ROOT));
  }

  /** Nothing of a mount can be linked to. No layer store makes an image layer on a container's: it commits on the image. */
  async #copyMerged(parent: LayerKey, target: string): Promise<void> {
    const wasMounted = isMountPoint(this.#home.layer(parent, MERGED));
    const merged = await this.mount(parent, { isReadonly: true });
    try {
      await this.#disk.copyTree(merged, target);
    } finally {
      if (!wasMounted) await this.unmount(parent);
    }
  }

  async #makeUpper(
    key: LayerKey,
    { parent, isOnUpper }: { readonly parent: LayerKey; readonly isOnUpper: boolean },
  ): Promise<void> {
    const upper = this.#home.layer(key, UPPER);
    await mkdir(this.#home.layer(key, WORK), { mode: 0o700 });
    await this.#lowers.link(key, isOnUpper ? await this.#lowerOf(parent) : parent);
    if (isOnUpper) {
      const copying = this.#home.layer(key, COPYING);
      await this.#disk.copyTree(this.#home.layer(parent, UPPER), copying, { keepsMarks: true });
      this.#onStep('rename-copy');
      await rename(copying, upper);
    } else {
      await mkdir(upper, { mode: ROOT_MODE });
      const root = this.#home.layer(parent, ROOT);
      copyAttributes(root, upper, lstatSync(root, { bigint: true }));
    }
  }

  async #formOf(key: LayerKey, action: string): Promise<'root' | 'upper'> {
    if (await isFolder(this.#home.layer(key, ROOT))) return 'root';
    if (await isFolder(this.#home.layer(key, UPPER))) return 'upper';
    throw layerUnknown(key, action);
  }

  /** The one layer below a container layer. @throws {StorageError} `LAYER_DAMAGED` */
  async #lowerOf(key: LayerKey): Promise<LayerKey> {
    const lower = await this.#lowers.parent(key);
    if (lower !== undefined) return lower;
    throw new StorageError(
      'LAYER_DAMAGED',
      `Cannot find what lies below the layer "${key}": it has no ${LOWER_ID}`,
      {
        hint: 'Run berth check --repair, which links it anew',
        detail: { key },
      },
    );
  }

  /** Which of the parents should be the lower one: the nearest with a tree. One whose tree is gone is that one's problem. */
  async #lowerAmong(key: LayerKey, parents: readonly LayerKey[]): Promise<LayerKey | undefined> {
    const linked = await this.#lowers.find(key);
    for (const parent of parents) {
      if (await isFolder(this.#home.layer(parent, ROOT))) return parent;
      if (parent === linked && !(await isFolder(this.#home.layer(parent, UPPER)))) return parent;
    }
    return undefined;
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

function lowerGone(key: LayerKey, lower: LayerKey): StorageError {
  return new StorageError('LAYER_DAMAGED', `Cannot mount the layer "${key}": "${lower}" below it is gone`, {
    hint: 'Run berth check, which names the images that have it',
    detail: { key, missing: lower },
  });
}
