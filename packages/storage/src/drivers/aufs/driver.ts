import { lstatSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { hasCode } from '@berth/errors';
import { isMountPoint, knownFileSystems, setTimes, syncFileSystemAsync } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import { backingFileSystem } from '../backing-file-system.ts';
import { tryInside } from '../can-mount.ts';
import { copyAttributes } from '../disk/copy-attributes.ts';
import { asDiskFull } from '../disk/disk-full.ts';
import type { DiskWork } from '../disk/interface.ts';
import { assertNothingMounted } from '../disk/mounted-inside.ts';
import {
  blocksOf,
  isFolder,
  layerUnknown,
  notThere,
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
import { makeMountPoint, takeMountDown } from '../mount-point.ts';
import { sweepEach } from '../sweep-each.ts';
import { FUSE_PROGRAM, findFuseOverlayfs, mountFuse } from './fuse-overlayfs.ts';
import { AufsHome } from './home.ts';
import { flushPseudoLinks, mountAufs, tryDirperm1 } from './kernel-aufs.ts';

const NAME = 'aufs';

/** What an aufs built with its smallest number of branches mounts; fuse-overlayfs has no limit, and as many are enough. */
const MAX_BRANCHES = 127;

/** Who mounts. What lies on disk is the same. */
type Mounter =
  | { readonly kind: 'kernel'; readonly hasDirperm1: boolean }
  | { readonly kind: 'fuse'; readonly program: string | undefined };

/** @throws {StorageError} `DRIVER_OPTION_INVALID` */
export async function openAufs(options: OpenDriverOptions): Promise<StorageDriver> {
  refuseUnknownOptions(NAME, options.options);
  const home = await AufsHome.open(options.home);
  return new AufsDriver({ home, mounter: await findMounter(home.path), options });
}

async function findMounter(home: string): Promise<Mounter> {
  if (!knownFileSystems().has('aufs')) return { kind: 'fuse', program: findFuseOverlayfs() };
  const hasDirperm1 = await tryInside(home, async (scratch) => tryDirperm1(scratch));
  return { kind: 'kernel', hasDirperm1 };
}

class AufsDriver implements StorageDriver {
  readonly name = NAME;
  readonly abilities: DriverAbilities;
  readonly #home: AufsHome;
  readonly #mounter: Mounter;
  readonly #disk: DiskWork;
  readonly #onStep: (step: string) => void;

  constructor(given: {
    readonly home: AufsHome;
    readonly mounter: Mounter;
    readonly options: OpenDriverOptions;
  }) {
    const { disk, onStep = () => {} } = given.options;
    this.abilities = {
      form: { form: 'changes', whiteouts: 'aufs' },
      limitsSize: false,
      mountsByProgram: given.mounter.kind === 'fuse',
      maxDepth: MAX_BRANCHES,
    };
    this.#home = given.home;
    this.#mounter = given.mounter;
    this.#disk = disk;
    this.#onStep = (step) => onStep(`${NAME}.${step}`);
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    const { keys } = await this.#home.list();
    return [
      ['Root Dir', this.#home.path],
      ['Backing Filesystem', await backingFileSystem(this.#home.path)],
      ['Dirs', String(keys.size)],
      ['Dirperm1 Supported', String(this.#mounter.kind === 'kernel' && this.#mounter.hasDirperm1)],
      ['Mounted By', this.#mounter.kind === 'kernel' ? 'aufs of this kernel' : FUSE_PROGRAM],
    ];
  }

  async create(key: LayerKey, { parent, sizeLimitBytes, isWritable }: CreateOptions): Promise<void> {
    refuseSizeLimit(NAME, sizeLimitBytes);
    const below = parent === undefined ? [] : await this.#stackOn(parent);
    this.#onStep('create');
    const path = await this.#home.makeLayer(key);
    try {
      this.#onStep('layers');
      await this.#home.writeLayers(key, below);
      this.#onStep('fill');
      await mkdir(this.#home.mountPoint(key), { mode: 0o700 });
      if (isWritable && parent !== undefined) this.#takeRootOf(parent, path);
    } catch (error) {
      throw await asDiskFull(error, path);
    }
    this.#onStep('created');
  }

  async open(key: LayerKey): Promise<OpenLayer> {
    if (!(await this.#home.hasLayer(key))) throw layerUnknown(key, 'open');
    const target = this.#home.mountPoint(key);
    // What a container has mapped and written is perhaps still in the cache of the mount, and not in the folder.
    if (this.#mounter.kind === 'fuse' && isAlive(target)) await syncFileSystemAsync(target);
    const path = this.#home.diff(key);
    return { form: 'changes', whiteouts: 'aufs', path, [Symbol.asyncDispose]: async () => {} };
  }

  async mount(key: LayerKey, { isReadonly }: { readonly isReadonly: boolean }): Promise<string> {
    if (!(await this.#home.hasLayer(key))) throw layerUnknown(key, 'mount');
    const below = await this.#home.readLayers(key);
    if (below.length === 0) return this.#home.diff(key);
    const target = this.#home.mountPoint(key);
    if (isAlive(target)) return target;
    await takeMountDown(target);
    await makeMountPoint(target);
    this.#onStep('mount');
    try {
      await this.#mountOn(target, { key, below, isReadonly });
    } catch (error) {
      await this.#assertWhole(key, below);
      throw error;
    }
    this.#onStep('mounted');
    return target;
  }

  async unmount(key: LayerKey): Promise<void> {
    const target = this.#home.mountPoint(key);
    const wasMounted = this.#home.mounted().has(key);
    if (wasMounted && this.#mounter.kind === 'kernel') await flushPseudoLinks(target);
    await takeMountDown(target);
    if (!wasMounted) return;
    if (this.#mounter.kind === 'fuse') await this.#disk.stripAttributes(this.#home.diff(key));
    if (await this.#home.hasLayer(key)) await makeMountPoint(target);
  }

  async remove(key: LayerKey): Promise<void> {
    const target = this.#home.mountPoint(key);
    await takeMountDown(target);
    // First of all: without its list of layers it cannot be mounted again.
    assertNothingMounted(this.#home.diff(key));
    this.#onStep('forget');
    await this.#disk.removeTree(this.#home.work(key));
    await this.#disk.removeTree(target);
    await this.#home.dropLayers(key);
    this.#onStep('rename');
    const aside = await this.#home.moveAside(key);
    this.#onStep('remove');
    if (aside !== undefined) await this.#disk.removeTree(aside);
  }

  list() {
    return this.#home.list();
  }

  async mounted(): Promise<ReadonlySet<LayerKey>> {
    return this.#home.mounted();
  }

  async sweepGarbage(): Promise<number> {
    const { garbage } = await this.#home.list();
    return await sweepEach(garbage.map((path) => () => this.#disk.removeTree(path)));
  }

  /** As Docker's, which had nothing to say. */
  async metadata(): Promise<Readonly<Record<string, string>>> {
    return {};
  }

  async usage(key: LayerKey, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const [diff, work, mountPoint, layers] = await Promise.all([
      this.#disk.measureTree(this.#home.diff(key), options),
      this.#disk.measureTree(this.#home.work(key), options),
      this.#home.mounted().has(key) ? 0 : blocksOf(this.#home.mountPoint(key)),
      blocksOf(this.#home.layersFile(key)),
    ]);
    return diff + work + mountPoint + layers;
  }

  async check(key: LayerKey, parents: readonly LayerKey[]): Promise<readonly DriverProblem[]> {
    const diff = this.#home.diff(key);
    if (!(await isFolder(diff))) return notThere(key, diff, 'missing');
    const found = await this.#findLayers(key);
    if (found?.join() === parents.join()) return [];
    const [is, should] = [found, parents].map((keys) =>
      keys === undefined ? 'what is no layer' : keys.join(', ') || 'no layer',
    );
    const detail = `It lies on ${should}, and its file in "layers" names ${is}`;
    return [{ key, problem: 'unlinked', detail, isRepairable: true }];
  }

  async repairLayer({ key, problem, detail }: DriverProblem, parents: readonly LayerKey[]): Promise<void> {
    if (problem !== 'unlinked') {
      throw new StorageError('LAYER_DAMAGED', `Cannot repair the layer "${key}": ${detail}`);
    }
    await this.#home.dropLayers(key);
    await this.#home.writeLayers(key, parents);
  }

  /** Mounts stay, and with them the processes of fuse-overlayfs: containers run on. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #mountOn(
    target: string,
    layer: { readonly key: LayerKey; readonly below: readonly LayerKey[]; readonly isReadonly: boolean },
  ): Promise<void> {
    const { key, below, isReadonly } = layer;
    const mounter = this.#mounter;
    if (mounter.kind === 'kernel') {
      const lowers = below.map((lower) => this.#home.diff(lower));
      mountAufs(target, {
        upper: this.#home.diff(key),
        lowers,
        isReadonly,
        hasDirperm1: mounter.hasDirperm1,
      });
      return;
    }
    const program = mounter.program ?? findFuseOverlayfs();
    if (program === undefined) throw noProgram(key);
    const work = this.#home.work(key);
    // Relative, as all names here: a comma on the way would end the option.
    const upper = { name: key, work: relative(this.#home.diffs, work) };
    if (!isReadonly) await mkdir(work, { recursive: true, mode: 0o700 });
    const diff = this.#home.diff(key);
    const { atimeNs, mtimeNs } = lstatSync(diff, { bigint: true });
    await mountFuse({
      program,
      target,
      folder: this.#home.diffs,
      lowers: isReadonly ? [key, ...below] : below,
      ...(isReadonly ? {} : { upper }),
    });
    // It tries things in the folder as it starts.
    setTimes(diff, { atime: atimeNs, mtime: mtimeNs });
  }

  async #stackOn(parent: LayerKey): Promise<readonly LayerKey[]> {
    if (!(await this.#home.hasLayer(parent))) throw layerUnknown(parent, 'build on');
    return [parent, ...(await this.#home.readLayers(parent))];
  }

  async #findLayers(key: LayerKey): Promise<readonly LayerKey[] | undefined> {
    try {
      return await this.#home.readLayers(key);
    } catch (error) {
      if (hasCode(error) && error.code === 'LAYER_DAMAGED') return undefined;
      throw error;
    }
  }

  /** The uppermost branch says what `/` is. An image layer is told its own when it is filled. */
  #takeRootOf(parent: LayerKey, diff: string): void {
    const source = this.#home.diff(parent);
    copyAttributes(source, diff, lstatSync(source, { bigint: true }));
  }

  /** @throws {StorageError} `LAYER_DAMAGED` naming the layer below that is not there */
  async #assertWhole(key: LayerKey, below: readonly LayerKey[]): Promise<void> {
    for (const lower of below) {
      if (await this.#home.hasLayer(lower)) continue;
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
}

/** Whether something is mounted there that answers: a process of fuse-overlayfs may have been killed. */
function isAlive(target: string): boolean {
  try {
    return statSync(target, { throwIfNoEntry: false }) !== undefined && isMountPoint(target);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOTCONN') return false;
    throw error;
  }
}

function noProgram(key: LayerKey): StorageError {
  return new StorageError(
    'MOUNT_FAILED',
    `Cannot mount the layer "${key}": this kernel has no aufs, and there is no ${FUSE_PROGRAM} to take its place`,
    { hint: `Install the package ${FUSE_PROGRAM}`, detail: { key } },
  );
}
