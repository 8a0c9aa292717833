import { type LayerStore, openLayerStore } from '@berth/storage';
import { type EngineDatabase, openEngineDatabase } from '../database/open.ts';
import { lockDataRoot } from './lock.ts';
import { enginePaths } from './paths.ts';

export interface DataAtRest {
  readonly database: EngineDatabase;
  readonly storage: LayerStore;
}

/**
 * Opens a data folder that no engine has open, for a look: its layers are swept as at every start, and nothing is started.
 *
 * @throws {EngineError} `DATA_ROOT_BUSY` while an engine runs: ask that one
 */
export async function openAtRest(dataRoot: string): Promise<DataAtRest & AsyncDisposable> {
  const paths = enginePaths({ dataRoot });
  await using stack = new AsyncDisposableStack();
  stack.use(lockDataRoot(paths));
  const database = stack.use(await openEngineDatabase(paths.database));
  const storage = stack.use(await openLayerStore({ root: paths.storage }));
  const owned = stack.move();
  return { database, storage, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
