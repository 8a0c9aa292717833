import { rm } from 'node:fs/promises';
import type { LayerKey } from '../drivers/interface.ts';
import type { StoreParts } from './parts.ts';

/**
 * Takes away what an earlier process was about to make or to remove, by the rows of its intents: no folder of a layer is walked
 * but those. What neither a row nor an intent knows stays for `check`: a lost database must not cost data.
 */
export async function sweepAtStart(
  parts: StoreParts,
): Promise<{ readonly layers: number; readonly bytes: number }> {
  const { database } = parts.rows;
  const intents = await database.read
    .selectFrom('intents')
    .select(['id', 'key'])
    .orderBy('id', 'desc')
    .execute();
  const { keys } = await parts.driver.list();
  let layers = 0;
  let bytes = 0;
  // The youngest first: children were reserved after their parents.
  for (const key of intents.map((row) => row.key as LayerKey)) {
    if (keys.has(key)) {
      bytes += await parts.driver.usage(key);
      await parts.mounts.releaseFor(key, () => parts.driver.remove(key));
      layers++;
    }
    await rm(parts.tarSplitPath(key), { force: true });
  }
  const last = intents[0]?.id;
  if (last !== undefined) {
    await database.transaction((trx) => trx.deleteFrom('intents').where('id', '<=', last).execute());
  }
  bytes += await parts.driver.sweepGarbage();
  return { layers, bytes };
}
