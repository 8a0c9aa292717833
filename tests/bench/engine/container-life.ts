import type { Lab } from '../../lab/peers.ts';
import { smallImageBytes } from '../../lab/small-image.ts';
import type { BenchResult } from '../bench.ts';
import { measurePairs } from '../pairs.ts';
import type { EngineSize } from './contender.ts';
import { EngineApi } from './engine-api.ts';
import { startEngines } from './start-engines.ts';

const IMAGE = 'bench:latest';
const SLEEP = { Image: IMAGE, Cmd: ['sleep', '1000'] };
const TEN_FILES = 'mkdir -p /made && for n in 1 2 3 4 5 6 7 8 9 10; do echo $n > /made/$n; done';

/** What people do with containers all day, by the API: what the engine takes, without a client program. */
export async function benchContainerLife(lab: Lab, size: EngineSize): Promise<readonly BenchResult[]> {
  await using engines = await startEngines(lab);
  using ours = new EngineApi(engines.ours);
  using peer = new EngineApi(engines.peer);
  const both = { ours, peer };
  const image = await smallImageBytes(lab);
  for (const api of [ours, peer]) await api.importImage(IMAGE, image);
  const pairs = async (rounds: number, measure: (api: EngineApi, round: number) => Promise<number>) => {
    // The first of each is for what is loaded and made only once.
    for (const api of [ours, peer]) await measure(api, -1);
    return await measurePairs(both, { rounds, measure });
  };

  const results: BenchResult[] = [];
  for (const [network, what] of [
    ['bridge', 'with bridge'],
    ['none', 'without network'],
  ] as const) {
    const ran = await pairs(size.containerRounds, (api) =>
      timed(() => api.runToEnd({ Image: IMAGE, Cmd: ['true'], network })),
    );
    results.push({ name: `run --rm true, ${what}`, unit: 'ms', goal: { atMostTimes: 0.25 }, ...ran });
  }
  const goal = { atMostTimes: 0.5 };
  const ids = new Map<EngineApi, string>();
  for (const api of [ours, peer]) {
    const id = await api.create(SLEEP);
    await api.start(id);
    await api.exec(id, ['sh', '-c', TEN_FILES]);
    ids.set(api, id);
  }
  const idOf = (api: EngineApi) => ids.get(api) ?? '';
  const executed = await pairs(size.containerRounds, (api) => timed(() => api.exec(idOf(api), ['true'])));
  results.push({ name: 'exec true', unit: 'ms', goal, ...executed });
  const committed = await pairs(size.containerRounds, (api, round) =>
    timed(() => api.commit(idOf(api), `committed:${round + 1}`)),
  );
  results.push({ name: 'commit of ten files', unit: 'ms', goal, ...committed });
  for (const api of [ours, peer]) await api.remove(idOf(api));

  const crowd = await pairs(Math.ceil(size.containerRounds / 3), async (api) => {
    const made: string[] = [];
    const ms = await timed(() =>
      Promise.all(
        Array.from({ length: size.crowd }, async () => {
          const id = await api.create(SLEEP);
          made.push(id);
          await api.start(id);
        }),
      ),
    );
    await Promise.all(made.map((id) => api.remove(id)));
    return ms;
  });
  results.push({ name: `${size.crowd} × run -d at once`, unit: 'ms', goal, ...crowd });
  return results;
}

/** @returns milliseconds */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
