import { join, resolve } from 'node:path';
import { type Database, openDatabase } from '@berth/db';
import { chooseDriver } from '../drivers/choose.ts';
import { openDiskWork } from '../drivers/disk/open-disk-work.ts';
import { makeClosedFolder } from '../drivers/home.ts';
import { MountTable } from '../drivers/mounts.ts';
import { DRIVERS } from '../drivers/registry.ts';
import { openTreeWorkers } from '../tree/workers.ts';
import type { LayerStore, OpenLayerStoreOptions } from './interface.ts';
import { KeyReserve } from './key-reserve.ts';
import { FolderLayerStore } from './layer-store.ts';
import { STORAGE_MIGRATIONS } from './migrations.ts';
import { StoreParts, tarSplitFolder } from './parts.ts';
import { LayerRows } from './rows.ts';
import type { StorageTables } from './schema.ts';
import { sweepAtStart } from './start-sweep.ts';

/** A worker costs 10 MB while it waits for the next layer, and 50 ms to start anew. */
const IDLE_MS = 10_000;

/**
 * Opens the layer store of a data folder, and takes away what a stop in the middle left behind. One process at a time; the caller
 * takes care of that. Mounts of an earlier process are taken over.
 *
 * @throws {StorageError} `DRIVER_UNKNOWN`, `DRIVER_UNSUPPORTED`, `DRIVER_OPTION_INVALID`, `DRIVER_CONFLICT`, `DRIVER_AMBIGUOUS`
 * @throws {DatabaseError} as `openDatabase` does
 */
export async function openLayerStore(options: OpenLayerStoreOptions): Promise<LayerStore> {
  const { onStep = () => {}, drivers = DRIVERS } = options;
  const root = resolve(options.root);
  await using stack = new AsyncDisposableStack();
  await makeClosedFolder(root);
  await makeClosedFolder(tarSplitFolder(root));
  const database = stack.use(await openStorageDatabase(root, options));
  const rows = new LayerRows(database);
  const recorded = (await rows.isEmpty()) ? undefined : await rows.driver();
  const { entry, reason } = await chooseDriver({
    root,
    drivers,
    ...(options.driver === undefined ? {} : { wanted: options.driver }),
    ...(recorded === undefined ? {} : { recorded }),
  });
  const disk = stack.use(openDiskWork());
  const home = join(root, entry.name);
  const driver = stack.use(
    await entry.open({
      ...{ home, options: options.driverOptions ?? {}, disk, onStep },
      ...(options.onFault === undefined ? {} : { onFault: options.onFault }),
    }),
  );
  await rows.recordDriver(entry.name);
  const tree = stack.use(
    openTreeWorkers({
      idleMs: IDLE_MS,
      ...(options.workers === undefined ? {} : { workers: options.workers }),
    }),
  );
  const parts = new StoreParts({
    root,
    driver,
    mounts: await MountTable.open(driver),
    disk,
    tree,
    rows,
    keys: new KeyReserve(rows, onStep),
    onStep,
  });
  const swept = await sweepAtStart(parts, options.onFault);
  if (swept.layers > 0 || swept.bytes > 0) options.onSwept?.(swept);
  return new FolderLayerStore({ parts, reason, resources: stack.move() });
}

function openStorageDatabase(
  root: string,
  { databaseThread, onStep }: OpenLayerStoreOptions,
): Promise<Database<StorageTables>> {
  return openDatabase({
    url: `sqlite:${join(root, 'storage.db')}`,
    migrations: STORAGE_MIGRATIONS,
    isExclusive: true,
    ...(databaseThread === undefined ? {} : { thread: databaseThread }),
    ...(onStep === undefined ? {} : { onStep }),
  });
}
