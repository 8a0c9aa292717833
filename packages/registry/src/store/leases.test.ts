import { leasesSuite } from '@berth/content/testsuite';
import { openDatabase } from '@berth/db';
import { createLeases } from './leases.ts';
import { REGISTRY_MIGRATIONS } from './migrations.ts';
import { RegistryStore } from './registry-store.ts';
import type { RegistryTables } from './schema.ts';

leasesSuite('createLeases', async () => {
  const database = await openDatabase<RegistryTables>({
    url: 'sqlite::memory:',
    migrations: REGISTRY_MIGRATIONS,
  });
  let now = Date.now();
  return {
    leases: createLeases(new RegistryStore(database), () => now),
    advance: (ms) => {
      now += ms;
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
});
