import type { Bench, BenchResult } from '../bench.ts';
import { benchBlobFetch } from './blob-fetch.ts';
import { benchBlobPush } from './blob-push.ts';
import type { Contenders, RegistrySize } from './contender.ts';
import { benchManifestGet } from './manifest-get.ts';
import { startContenders } from './start-contenders.ts';

type RegistryBench = Bench<RegistrySize>;

/** The Hub beside Debian's docker-registry, by name. */
export const REGISTRY_BENCHES: Readonly<Record<string, RegistryBench>> = {
  manifest: async (lab, size) => {
    await using contenders = await startContenders(lab);
    return await benchManifestGet(lab, contenders, size);
  },
  push: beside(benchBlobPush),
  fetch: beside(benchBlobFetch),
};

function beside(
  bench: (contenders: Contenders, size: RegistrySize) => Promise<readonly BenchResult[]>,
): RegistryBench {
  return async (lab, size) => {
    await using contenders = await startContenders(lab);
    return await bench(contenders, size);
  };
}
