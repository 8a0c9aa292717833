import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../lab/command.ts';
import { startHub } from '../../lab/hub.ts';
import { layeredFixture } from '../../lab/layered-images.ts';
import { createNamespaces } from '../../lab/netns.ts';
import type { Lab } from '../../lab/peers.ts';
import { smallImage } from '../../lab/small-image.ts';
import type { BenchResult } from '../bench.ts';
import { measurePairs } from '../pairs.ts';
import type { EngineSize } from './contender.ts';
import { EngineApi } from './engine-api.ts';
import { benchFolder, startBerth, startDockerd } from './start-engines.ts';

const PORT = 5000;

/**
 * `docker pull` from a Hub beside, `docker save` with the bytes dropped, `docker load` of what dockerd saved. Each pull and each load
 * finds an engine that has nothing, and a disk that is synced; nothing is deleted while it is measured.
 */
export async function benchImageTransfer(lab: Lab, size: EngineSize): Promise<readonly BenchResult[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await benchFolder(stack);
  const { near } = stack.use(await createNamespaces(lab));
  const hub = stack.use(await startHub({ netns: near, env: { BERTH_HUB_ADDR: `127.0.0.1:${PORT}` } }));
  const name = `127.0.0.1:${PORT}/${hub.username}/fixture`;
  await fillHub(lab, { name, credentials: `${hub.username}:${hub.password}`, netns: near.pid, size });
  const archive = join(folder, 'image.tar');

  let engines = 0;
  const onFresh = async <T>(start: typeof startBerth, work: (api: EngineApi) => Promise<T>): Promise<T> => {
    engines += 1;
    await using engine = await start(lab, { folder: join(folder, String(engines)), netns: near });
    using api = new EngineApi(engine);
    return await work(api);
  };
  const saved: Record<'ours' | 'peer', number>[] = [];
  const contenders = { ours: startBerth, peer: startDockerd };
  const pull = await measurePairs(contenders, {
    rounds: size.imageRounds,
    measure: (start, round) =>
      onFresh(start, async (api) => {
        const seconds = await timed(() => api.pull(name, '1'));
        saved[round] ??= { ours: 0, peer: 0 };
        (saved[round] as Record<string, number>)[start === startBerth ? 'ours' : 'peer'] = await timed(() =>
          api.save(`${name}:1`),
        );
        if (round === 0 && start === startDockerd) await api.saveTo(`${name}:1`, createWriteStream(archive));
        return seconds;
      }),
  });
  const save = await measurePairs({ ours: 'ours', peer: 'peer' } as const, {
    rounds: size.imageRounds,
    measure: async (who, round) => saved[round]?.[who] ?? Number.NaN,
  });
  const load = await measurePairs(contenders, {
    rounds: size.imageRounds,
    measure: (start) => onFresh(start, (api) => timed(() => api.load(createReadStream(archive)))),
  });
  const shown = size.image === 'fixture' ? '5 layers, 500 MB' : 'one layer, 10 MB';
  const goal = { atMostTimes: 0.4 };
  return [
    { name: `pull of ${shown}`, unit: 's', goal, ...pull },
    { name: `save of ${shown}`, unit: 's', goal, ...save },
    { name: `load of ${shown}`, unit: 's', goal, ...load },
  ];
}

async function fillHub(
  lab: Lab,
  options: {
    readonly name: string;
    readonly credentials: string;
    readonly netns: number;
    readonly size: EngineSize;
  },
): Promise<void> {
  const { name, credentials, netns, size } = options;
  const to = ['--dest-tls-verify=false', `--dest-creds=${credentials}`] as const;
  if (size.image === 'fixture') {
    const from = `oci:${await layeredFixture(lab)}:fixture`;
    await lab.must('skopeo', ['copy', ...to, from, `docker://${name}:1`], { netns });
    return;
  }
  const { tar } = await smallImage(lab);
  await lab.must('podman', ['import', '--quiet', tar, 'localhost/bench-small:1']);
  try {
    const login = ['--tls-verify=false', `--creds=${credentials}`] as const;
    await lab.must('podman', ['push', '--quiet', ...login, 'localhost/bench-small:1', `docker://${name}:1`], {
      netns,
    });
  } finally {
    await lab.run('podman', ['rmi', '--force', 'localhost/bench-small:1']);
  }
}

/** @returns seconds */
async function timed(work: () => Promise<unknown>): Promise<number> {
  await mustRun(['sync']);
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}
