import { join } from 'node:path';
import { StorageError } from '../errors.ts';
import { makeClosedFolder } from './home.ts';
import type { DriverEntry, DriverProbe } from './interface.ts';

export interface ChooseOptions {
  readonly root: string;
  readonly drivers: readonly DriverEntry[];
  /** What the setting says. */
  readonly wanted?: string;
  /** Whose layers the database knows; `undefined` when it knows none. */
  readonly recorded?: string;
}

export interface ChosenDriver {
  readonly entry: DriverEntry;
  readonly reason: 'set' | 'found' | 'best';
}

/**
 * Which driver to use: the one that was set, else the one whose layers are there, else the best that works. Images
 * never vanish silently: where there are layers of another driver than the one that was set, that is an error.
 *
 * @throws {StorageError} `DRIVER_UNKNOWN`, `DRIVER_CONFLICT`, `DRIVER_AMBIGUOUS`, `DRIVER_UNSUPPORTED`
 */
export async function chooseDriver(options: ChooseOptions): Promise<ChosenDriver> {
  const { drivers, wanted } = options;
  const found = await findPriorDrivers(options);
  if (wanted !== undefined) {
    const entry = entryOf(drivers, wanted);
    assertKeepsLayers(options, { wanted, found });
    await assertWorks(options.root, entry);
    return { entry, reason: 'set' };
  }
  const recorded = options.recorded ?? (found.length === 1 ? found[0] : undefined);
  if (recorded !== undefined) {
    const entry = entryOf(drivers, recorded);
    await assertWorks(options.root, entry);
    return { entry, reason: 'found' };
  }
  if (found.length > 1) {
    throw new StorageError(
      'DRIVER_AMBIGUOUS',
      `Cannot choose a storage driver: "${options.root}" has layers of several (${found.join(', ')})`,
      {
        hint: `Say which one with BERTH_STORAGE_DRIVER, for instance ${found[0]}; the others stay as they are`,
      },
    );
  }
  return { entry: await bestDriver(options), reason: 'best' };
}

async function findPriorDrivers({ root, drivers }: ChooseOptions): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name, holdsLayers } of drivers) if (await holdsLayers(join(root, name))) found.push(name);
  return found;
}

function entryOf(drivers: readonly DriverEntry[], name: string): DriverEntry {
  const entry = drivers.find((driver) => driver.name === name);
  if (entry !== undefined) return entry;
  throw new StorageError(
    'DRIVER_UNKNOWN',
    `Cannot use the storage driver "${name}": there is none of this name`,
    {
      hint: `There are ${drivers.map((driver) => driver.name).join(', ')}`,
    },
  );
}

function assertKeepsLayers(
  { root, recorded }: ChooseOptions,
  { wanted, found }: { readonly wanted: string; readonly found: readonly string[] },
): void {
  const other = recorded ?? (found.includes(wanted) ? undefined : found[0]);
  if (other === undefined || other === wanted) return;
  throw new StorageError(
    'DRIVER_CONFLICT',
    `Cannot use the storage driver "${wanted}": the images and containers in "${root}" are of the driver "${other}"`,
    {
      hint: `Keep them with BERTH_STORAGE_DRIVER=${other}; to change, save the images (docker save), remove images and containers, then set "${wanted}" and load them; or use another data folder`,
      detail: { wanted, found: other },
    },
  );
}

async function assertWorks(root: string, entry: DriverEntry): Promise<void> {
  const probe = await probeIn(root, entry);
  if (!probe.works) throw unsupported(entry.name, probe);
}

async function bestDriver({ root, drivers }: ChooseOptions): Promise<DriverEntry> {
  const failures: string[] = [];
  for (const entry of drivers.toSorted((a, b) => a.preference - b.preference)) {
    const probe = await probeIn(root, entry);
    if (probe.works) return entry;
    failures.push(`${entry.name}: ${probe.cause} (${probe.evidence}). ${probe.fix}`);
  }
  throw new StorageError('DRIVER_UNSUPPORTED', 'Cannot store layers here: no storage driver works', {
    hint: failures.join('\n'),
  });
}

async function probeIn(root: string, entry: DriverEntry): Promise<DriverProbe> {
  const home = join(root, entry.name);
  // The driver's own folder, not its parent: it may be another file system.
  await makeClosedFolder(home);
  return entry.probe(home);
}

function unsupported(name: string, probe: DriverProbe & { readonly works: false }): StorageError {
  return new StorageError('DRIVER_UNSUPPORTED', `Cannot use the storage driver "${name}": ${probe.cause}`, {
    hint: probe.fix,
    detail: { evidence: probe.evidence },
    cause: new Error(probe.evidence),
  });
}
