import { type DriverFinding, type LayerStore, surveyDrivers } from '@berth/storage';
import { openAtRest } from './data/open-at-rest.ts';
import { enginePaths } from './data/paths.ts';

/** The driver that is in use. */
export interface EngineStorage {
  readonly driver: string;
  /** `set`, `found` or `best`. */
  readonly driverReason: string;
  /** As `docker info` shows it. */
  readonly status: readonly (readonly [key: string, value: string])[];
}

export async function describeStorage(storage: LayerStore): Promise<EngineStorage> {
  return { driver: storage.driverName, driverReason: storage.driverReason, status: await storage.status() };
}

/** Of a data folder that no engine has open. @throws {EngineError} `DATA_ROOT_BUSY` while an engine runs: ask that one */
export async function describeStorageFiles(dataRoot: string): Promise<EngineStorage> {
  await using opened = await openAtRest(dataRoot);
  return await describeStorage(opened.storage);
}

/** Tries every storage driver in a data folder, which may be missing; beside a running engine too. */
export async function surveyStorageDrivers(dataRoot: string): Promise<readonly DriverFinding[]> {
  return await surveyDrivers(enginePaths({ dataRoot }).storage);
}
