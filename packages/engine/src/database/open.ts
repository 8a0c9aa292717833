import { type Database, type DatabaseThread, type Migration, openDatabase } from '@berth/db';
import { createImageTables } from '../images/tables.ts';
import { createVolumeTables } from '../volumes/tables.ts';
import { createContainerTables, type EngineTables } from './tables.ts';

export type EngineDatabase = Database<EngineTables>;

const MIGRATIONS: readonly Migration<EngineTables>[] = [
  {
    version: 1,
    name: 'containers, events, images, volumes',
    async up(trx) {
      await createContainerTables(trx);
      await createImageTables(trx);
      await createVolumeTables(trx);
    },
  },
];

export async function openEngineDatabase(
  path: string,
  options: { readonly thread?: DatabaseThread; readonly onStep?: (step: string) => void } = {},
): Promise<EngineDatabase> {
  return await openDatabase<EngineTables>({
    url: `sqlite:${path}`,
    migrations: MIGRATIONS,
    isExclusive: true,
    ...options,
  });
}
