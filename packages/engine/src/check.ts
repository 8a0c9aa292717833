import type { ChainID } from '@berth/oci';
import type { LayerStore } from '@berth/storage';
import { openLayerStore } from '@berth/storage';
import { lockDataRoot } from './data/lock.ts';
import { enginePaths } from './data/paths.ts';
import { type EngineDatabase, openEngineDatabase } from './database/open.ts';
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
  { storage, database }: { readonly storage: LayerStore; readonly database: EngineDatabase },
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

/**
 * Checks a data folder that no engine has open: its layers are swept as at every start, and nothing is started.
 *
 * @throws {EngineError} `DATA_ROOT_BUSY` while an engine runs: ask that one
 */
export async function checkEngineFiles(
  dataRoot: string,
  options: CheckOptions = {},
): ReturnType<Engine['check']> {
  const paths = enginePaths({ dataRoot });
  await using stack = new AsyncDisposableStack();
  stack.use(lockDataRoot(paths));
  const database = stack.use(await openEngineDatabase(paths.database));
  const storage = stack.use(await openLayerStore({ root: paths.storage }));
  return await checkEngine({ storage, database }, options);
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
