import { rm } from 'node:fs/promises';
import type { LayerKey } from '../drivers/interface.ts';
import type { StoreParts } from './parts.ts';

export interface StartSweep {
  readonly layers: number;
  readonly bytes: number;
}

/**
 * Takes away what an earlier process was about to make or to remove, by the rows of its intents: no folder of a layer is walked
 * but those. What neither a row nor an intent knows stays for `check`: a lost database must not cost data.
 *
 * What cannot be taken away (a container may have made it so) keeps its intent for the next start and is told: one leftover must
 * not keep all other containers from running.
 */
export async function sweepAtStart(
  parts: StoreParts,
  onFault: (error: unknown, what: string) => void = () => undefined,
): Promise<StartSweep> {
  const { database } = parts.rows;
  const intents = await database.read
    .selectFrom('intents')
    .select(['id', 'key'])
    .orderBy('id', 'desc')
    .execute();
  const { keys } = await parts.driver.list();
  const left: number[] = [];
  let layers = 0;
  let bytes = 0;
  // The youngest first: children were reserved after their parents.
  for (const { id, key } of intents as { id: number; key: LayerKey }[]) {
    try {
      if (keys.has(key)) {
        bytes += await sizeIfKnown(parts, key);
        await parts.mounts.releaseFor(key, () => parts.driver.remove(key));
        layers++;
      }
      await rm(parts.tarSplitPath(key), { force: true });
    } catch (error) {
      left.push(id);
      onFault(error, `what is left of the layer "${key}"`);
    }
  }
  const last = intents[0]?.id;
  if (last !== undefined) {
    await database.transaction((trx) => {
      const swept = trx.deleteFrom('intents').where('id', '<=', last);
      return (left.length === 0 ? swept : swept.where('id', 'not in', left)).execute();
    });
  }
  await unmountShared(parts, onFault);
  try {
    bytes += await parts.driver.sweepGarbage();
  } catch (error) {
    onFault(error, 'what was being removed');
  }
  return { layers, bytes };
}

/** Containers run on over a kill. A layer that many share was mounted to be looked at, by somebody who is no more. */
async function unmountShared(
  { mounts, rows }: StoreParts,
  onFault: (error: unknown, what: string) => void,
): Promise<void> {
  for (const key of await rows.sharedAmong(mounts.adopted)) {
    try {
      await mounts.unmount(key);
    } catch (error) {
      onFault(error, `the mount of the layer "${key}"`);
    }
  }
}

/** It is only told. */
async function sizeIfKnown({ driver }: StoreParts, key: LayerKey): Promise<number> {
  try {
    return await driver.usage(key);
  } catch {
    return 0;
  }
}
