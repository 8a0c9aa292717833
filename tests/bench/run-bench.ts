import type { Lab } from '../lab/peers.ts';
import { benchBlobFetch } from './blob-fetch.ts';
import { benchBlobPush } from './blob-push.ts';
import type { BenchResult, BenchSize, Contenders } from './contender.ts';
import { benchManifestGet } from './manifest-get.ts';
import { startContenders } from './start-contenders.ts';

type Bench = (lab: Lab, contenders: Contenders, size: BenchSize) => Promise<readonly BenchResult[]>;

/** By name, in the order in which they run. */
export const BENCHES: Readonly<Record<string, Bench>> = {
  manifest: benchManifestGet,
  push: (_, contenders, size) => benchBlobPush(contenders, size),
  fetch: (_, contenders, size) => benchBlobFetch(contenders, size),
};

/** Runs benches one after another, each with both registries started anew. */
export async function runBench(
  lab: Lab,
  options: {
    readonly names: readonly string[];
    readonly size: BenchSize;
    readonly onProgress?: (line: string) => void;
  },
): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const name of options.names) {
    const bench = BENCHES[name];
    if (bench === undefined)
      throw new Error(`There is no bench "${name}"; there are ${Object.keys(BENCHES).join(', ')}`);
    options.onProgress?.(`measuring ${name} …`);
    await using contenders = await startContenders(lab);
    results.push(...(await bench(lab, contenders, options.size)));
  }
  return results;
}
