import type { ChainID } from '@berth/oci';
import type { LayerStore } from '@berth/storage';
import { type DataAtRest, openAtRest } from './data/open-at-rest.ts';
import type { EngineDatabase } from './database/open.ts';
import type { Engine } from './interface.ts';

export interface CheckOptions {
  /** Reads every file and recomputes every diffID. */
  readonly deep?: boolean;
  /** Mends what can be mended without inventing bytes. */
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
}

export interface EngineProblem {
  readonly problem: string;
  readonly subject: string;
  readonly detail: string;
  readonly isRepaired: boolean;
}

/** Storage, database, and whether each of the two has what the other speaks of. */
export async function checkEngine(
  { storage, database }: DataAtRest,
  options: CheckOptions,
): Promise<readonly EngineProblem[]> {
  const damage = await database.integrityCheck();
  options.signal?.throwIfAborted();
  return [
    ...damage.map((detail) => ({
      problem: 'database-damaged',
      subject: 'engine.db',
      detail,
      isRepaired: false,
    })),
    ...(await checkImages(database, storage)),
    ...(await checkContainers(database, storage)),
    ...(await storage.check(options)),
  ];
}

/** Of a data folder that no engine has open. @throws {EngineError} `DATA_ROOT_BUSY` while an engine runs: ask that one */
export async function checkEngineFiles(
  dataRoot: string,
  options: CheckOptions = {},
): ReturnType<Engine['check']> {
  await using opened = await openAtRest(dataRoot);
  return await checkEngine(opened, options);
}

async function checkImages(database: EngineDatabase, storage: LayerStore): Promise<readonly EngineProblem[]> {
  const problems: EngineProblem[] = [];
  for (const { id, chain_id } of await database.read
    .selectFrom('images')
    .select(['id', 'chain_id'])
    .execute()) {
    if (chain_id === null || (await storage.layer(chain_id as ChainID)) !== undefined) continue;
    const detail = `its layer "${chain_id}" is not in the layer store: pull or load it again`;
    problems.push({ problem: 'image-layer-missing', subject: id, detail, isRepaired: false });
  }
  return problems;
}

async function checkContainers(
  database: EngineDatabase,
  storage: LayerStore,
): Promise<readonly EngineProblem[]> {
  const problems: EngineProblem[] = [];
  const rows = database.read.selectFrom('containers').select(['id', 'name']).where('phase', '=', 'whole');
  for (const { id, name } of await rows.execute()) {
    if ((await storage.containerLayer(id)) !== undefined) continue;
    const detail = `"${name}" has no layer in the layer store: remove it`;
    problems.push({ problem: 'container-layer-missing', subject: id, detail, isRepaired: false });
  }
  return problems;
}
