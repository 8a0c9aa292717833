import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { isMountPoint, mountFileSystem, unmount } from '@berth/linux';
import type { ApiFilters, ApiVolume } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import { KeyedLock } from '../images/keyed-lock.ts';
import type { CallOptions, Volumes } from '../interface.ts';
import type { VolumeCatalog } from '../parts.ts';
import { copyInPlace, copyUp, finishFill } from './copy-up.ts';
import type { VolumesDeps } from './deps.ts';
import { folderSize } from './folder-size.ts';
import { ANONYMOUS_LABEL, listFilter, pruneFilter } from './volume-filters.ts';
import { isEmptyFolder, VolumeFolders } from './volume-folders.ts';
import { checkVolumeName } from './volume-name.ts';
import { readVolumeOptions, type VolumeOptions } from './volume-options.ts';
import { type Labels, type VolumeRow, VolumeRows } from './volume-rows.ts';

/** The `local` driver: a folder per volume, or what mount options put there. */
export class LocalVolumes implements Volumes, VolumeCatalog {
  readonly #deps: VolumesDeps;
  readonly #rows: VolumeRows;
  readonly #folders: VolumeFolders;
  readonly #lock = new KeyedLock();

  constructor(deps: VolumesDeps) {
    this.#deps = deps;
    this.#rows = new VolumeRows(deps.db);
    this.#folders = new VolumeFolders(deps.dataRoot);
  }

  async recover(): Promise<void> {
    await this.#folders.makeRoot();
    for (const row of await this.#rows.unfinished()) {
      try {
        if (row.phase === 'removing') await this.#finishRemoval(row);
        else await finishFill({ rows: this.#rows, folders: this.#folders }, row.name);
      } catch (error) {
        // One volume that cannot be mended must not keep all others away; the next start tries again.
        this.#deps.onFault?.(error, `finish what was interrupted on volume "${row.name}"`);
      }
    }
    // A folder comes before its row: one without is of a creation that was interrupted, and then empty.
    for (const name of await this.#folders.names()) {
      if ((await this.#rows.find(name)) === undefined) await this.#folders.removeEmpty(name);
    }
  }

  async create(options: Parameters<Volumes['create']>[0] = {}): Promise<ApiVolume> {
    const { Name, Driver = '', DriverOpts, Labels: given } = options;
    if (Driver !== '' && Driver !== 'local') throw unknownDriver(Driver);
    const name = Name === '' ? undefined : Name;
    const opts = DriverOpts === undefined || Object.keys(DriverOpts).length === 0 ? undefined : DriverOpts;
    readVolumeOptions(opts);
    const { row } = await this.#ensure(name, { labels: given, options: opts });
    return this.#view(row);
  }

  async ensure(
    name: string | undefined,
    options: { readonly labels?: Labels } = {},
  ): ReturnType<VolumeCatalog['ensure']> {
    const { row, isNew } = await this.#ensure(name, { labels: options.labels, options: undefined });
    return { name: row.name, path: await this.#ready(row), isNew, isAnonymous: row.isAnonymous };
  }

  async find(name: string): ReturnType<VolumeCatalog['find']> {
    const row = await this.#whole(name);
    if (row === undefined) return undefined;
    return { name, path: await this.#ready(row), isAnonymous: row.isAnonymous };
  }

  async inspect(name: string): Promise<ApiVolume> {
    return this.#view(await this.#need(name));
  }

  async list(
    filters: ApiFilters = {},
    options: CallOptions & { readonly usage?: boolean } = {},
  ): Promise<readonly ApiVolume[]> {
    const { matches, isUsed } = listFilter(filters);
    const volumes: ApiVolume[] = [];
    for (const row of (await this.#rows.whole()).filter(matches)) {
      options.signal?.throwIfAborted();
      const isCounted = isUsed !== undefined || options.usage === true;
      const users = isCounted ? await this.#deps.containers.usersOfVolume(row.name) : [];
      if (isUsed !== undefined && isUsed !== users.length > 0) continue;
      const volume = this.#view(row);
      if (options.usage !== true) volumes.push(volume);
      else {
        const Size = (await this.#size(row, options)) ?? -1;
        volumes.push({ ...volume, UsageData: { Size, RefCount: users.length } });
      }
    }
    return volumes;
  }

  async remove(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await this.#lock.run(name, async () => {
      const row = await this.#whole(name);
      if (row === undefined) {
        if (force) return;
        throw unknownVolume(name);
      }
      const users = await this.#deps.containers.usersOfVolume(name);
      if (users.length > 0) {
        const ids = users.join(', ');
        throw new EngineError('VOLUME_IN_USE', `remove ${name}: volume is in use - [${ids}]`);
      }
      await this.#remove(row);
    });
  }

  async prune(
    filters: ApiFilters = {},
  ): Promise<{ readonly VolumesDeleted: readonly string[]; readonly SpaceReclaimed: number }> {
    const matches = pruneFilter(filters);
    const VolumesDeleted: string[] = [];
    let SpaceReclaimed = 0;
    for (const { name } of (await this.#rows.whole()).filter(matches)) {
      const bytes = await this.#removeUnused(name, { isMeasured: true });
      if (bytes === undefined) continue;
      VolumesDeleted.push(name);
      SpaceReclaimed += bytes;
    }
    this.#emit('prune', '', { reclaimed: String(SpaceReclaimed) });
    return { VolumesDeleted, SpaceReclaimed };
  }

  async removeAnonymous(names: readonly string[]): Promise<void> {
    for (const name of new Set(names)) {
      const row = await this.#whole(name);
      if (row?.isAnonymous === true) await this.#removeUnused(name, { isMeasured: false });
    }
  }

  async copyUp(
    name: string,
    options: { readonly rootfs: string; readonly path: string; readonly signal?: AbortSignal },
  ): Promise<void> {
    await this.#lock.run(name, async () => {
      const row = await this.#need(name);
      const path = await this.#ready(row);
      if (row.options !== undefined) return copyInPlace(path, options);
      if (!(await isEmptyFolder(path))) return;
      await copyUp({ rows: this.#rows, folders: this.#folders }, name, {
        ...options,
        onStep: this.#deps.onStep,
      });
    });
  }

  async #ensure(
    name: string | undefined,
    given: { readonly labels: Labels | undefined; readonly options: VolumeOptions | undefined },
  ): Promise<{ readonly row: VolumeRow; readonly isNew: boolean }> {
    if (name !== undefined) checkVolumeName(name);
    const own = name ?? randomBytes(32).toString('hex');
    const labels = name === undefined ? { ...given.labels, [ANONYMOUS_LABEL]: '' } : given.labels;
    return this.#lock.run(own, async () => {
      const known = await this.#rows.find(own);
      if (known?.phase === 'whole') return { row: known, isNew: false };
      if (known !== undefined) await this.#finishRemoval(known);
      await this.#folders.make(own);
      this.#deps.onStep?.('volumes.before-created');
      const isAnonymous = labels !== undefined && Object.hasOwn(labels, ANONYMOUS_LABEL);
      const row = await this.#rows.insert({ name: own, labels, options: given.options, isAnonymous });
      this.#deps.onStep?.('volumes.created');
      this.#emit('create', own, { driver: 'local' });
      return { row, isNew: true };
    });
  }

  /** The folder that containers get; what must be mounted for it is mounted. */
  async #ready({ name, options }: VolumeRow): Promise<string> {
    const data = this.#folders.data(name);
    const kind = readVolumeOptions(options);
    switch (kind.kind) {
      case 'folder':
        return data;
      case 'bind':
        await needFolder(kind.path, data);
        return kind.path;
      case 'tmpfs':
        if (!isMountPoint(data)) {
          mountFileSystem(data, {
            type: 'tmpfs',
            flags: kind.flags,
            ...(kind.data === '' ? {} : { data: kind.data }),
          });
        }
        return data;
    }
  }

  /** @returns `undefined` when its folder is gone */
  async #size(row: VolumeRow, { signal }: CallOptions): Promise<number | undefined> {
    // What lies in a folder of the host is the host's, not the engine's.
    if (readVolumeOptions(row.options).kind !== 'folder') return 0;
    return folderSize(this.#folders.data(row.name), { signal });
  }

  /** @returns bytes freed; `undefined` when somebody has it, or it went meanwhile */
  async #removeUnused(
    name: string,
    { isMeasured }: { readonly isMeasured: boolean },
  ): Promise<number | undefined> {
    return this.#lock.run(name, async () => {
      const row = await this.#whole(name);
      if (row === undefined || (await this.#deps.containers.usersOfVolume(name)).length > 0) return undefined;
      const bytes = isMeasured ? ((await this.#size(row, {})) ?? 0) : 0;
      await this.#remove(row);
      return bytes;
    });
  }

  async #remove(row: VolumeRow): Promise<void> {
    this.#deps.onStep?.('volumes.before-removed');
    await this.#rows.setRemoving(row.name);
    this.#deps.onStep?.('volumes.removing');
    await this.#finishRemoval(row);
    this.#emit('destroy', row.name, { driver: 'local' });
  }

  async #finishRemoval({ name, options }: VolumeRow): Promise<void> {
    const data = this.#folders.data(name);
    if (options !== undefined && isMountPoint(data)) unmount(data, { detach: true });
    await this.#folders.remove(name);
    await this.#rows.remove(name);
  }

  async #whole(name: string): Promise<VolumeRow | undefined> {
    const row = await this.#rows.find(name);
    return row?.phase === 'whole' ? row : undefined;
  }

  async #need(name: string): Promise<VolumeRow> {
    const row = await this.#whole(name);
    if (row === undefined) throw unknownVolume(name);
    return row;
  }

  #view({ name, createdAt, labels, options }: VolumeRow): ApiVolume {
    return {
      Name: name,
      Driver: 'local',
      Mountpoint: this.#folders.data(name),
      CreatedAt: createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
      Labels: labels ?? null,
      Scope: 'local',
      Options: options ?? null,
    };
  }

  #emit(Action: string, ID: string, Attributes: Readonly<Record<string, string>>): void {
    this.#deps.emit({ Type: 'volume', Action, Actor: { ID, Attributes } });
  }
}

function unknownVolume(name: string): EngineError {
  return new EngineError('VOLUME_UNKNOWN', `get ${name}: no such volume`, {
    hint: 'List what there is: docker volume ls',
  });
}

function unknownDriver(driver: string): EngineError {
  const shown = driver.slice(0, 100);
  return new EngineError(
    'VOLUME_UNKNOWN',
    `error looking up volume plugin ${shown}: plugin "${shown}" not found`,
    { hint: 'Berth has the driver "local"' },
  );
}

async function needFolder(path: string, data: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return false;
      throw error;
    },
  );
  if (isFolder) return;
  throw new EngineError(
    'VOLUME_INVALID',
    `failed to mount local volume: mount ${path}:${data}, flags: 0x1000: no such file or directory`,
    { hint: 'Make the folder first; a volume with o=bind does not make it' },
  );
}
