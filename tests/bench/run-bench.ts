import type { Lab } from '../lab/peers.ts';
import type { Bench, BenchResult } from './bench.ts';
import { ENGINE_BENCHES } from './engine/benches.ts';
import { type EngineSize, FULL_SIZE as FULL_ENGINE_SIZE } from './engine/contender.ts';
import { REGISTRY_BENCHES } from './registry/benches.ts';
import { FULL_SIZE as FULL_REGISTRY_SIZE, type RegistrySize } from './registry/contender.ts';
import { FULL_SIZE as FULL_STORAGE_SIZE, STORAGE_BENCHES, type StorageSize } from './storage/benches.ts';

export interface Sizes {
  readonly registry: RegistrySize;
  readonly engine: EngineSize;
  readonly storage: StorageSize;
}

export const FULL_SIZES: Sizes = {
  registry: FULL_REGISTRY_SIZE,
  engine: FULL_ENGINE_SIZE,
  storage: FULL_STORAGE_SIZE,
};

/** Results beside one peer. */
export interface BenchGroup {
  readonly peer: string;
  readonly results: readonly BenchResult[];
}

/**
 * Runs benches one after another.
 *
 * @param options.names of benches or of their groups (`registry`, `engine`, `storage`); all when empty
 */
export async function runBench(
  lab: Lab,
  options: {
    readonly names: readonly string[];
    readonly sizes: Sizes;
    readonly onProgress?: (line: string) => void;
  },
): Promise<readonly BenchGroup[]> {
  const { names, sizes, onProgress } = options;
  const known = [
    ...groupNames('registry', REGISTRY_BENCHES),
    ...groupNames('engine', ENGINE_BENCHES),
    ...groupNames('storage', STORAGE_BENCHES),
  ];
  for (const name of names) {
    if (!known.includes(name)) throw new Error(`There is no bench "${name}"; there are ${known.join(', ')}`);
  }
  const run = async <Size>(
    group: string,
    benches: Readonly<Record<string, Bench<Size>>>,
    size: Size,
  ): Promise<readonly BenchResult[]> => {
    const results: BenchResult[] = [];
    for (const [name, bench] of Object.entries(benches)) {
      if (names.length > 0 && !names.includes(name) && !names.includes(group)) continue;
      onProgress?.(`measuring ${name} …`);
      results.push(...(await bench(lab, size)));
    }
    return results;
  };
  const groups: BenchGroup[] = [
    { peer: 'docker-registry', results: await run('registry', REGISTRY_BENCHES, sizes.registry) },
    { peer: 'dockerd', results: await run('engine', ENGINE_BENCHES, sizes.engine) },
    { peer: 'GNU tar', results: await run('storage', STORAGE_BENCHES, sizes.storage) },
  ];
  return groups.filter(({ results }) => results.length > 0);
}

function groupNames(group: string, benches: Readonly<Record<string, unknown>>): readonly string[] {
  return [group, ...Object.keys(benches)];
}
