import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { IS_SOAK, SEED } from '../crash/chance.ts';
import {
  type DockerCases,
  execs,
  IMAGE,
  limits,
  removeContainers,
  runs,
  told,
  walls,
} from '../engine/docker-cases.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { assertCheckIsClean } from './check.ts';
import { layersOf, needGround } from './ground.ts';
import type { GuestEngine } from './guest-engine.ts';
import { liveOnDevicemapper, ON_DEVICEMAPPER } from './on-devicemapper.ts';
import { cutEverything, cutPull } from './power-cuts.ts';

const ROUNDS = 2;

/** What only cgroup2 has, or has in its own way. */
const unified: DockerCases = {
  'limits stand in the files of cgroup2': async (engine) => {
    const files = ['memory.max', 'memory.swap.max', 'pids.max', 'cpu.max', 'cpu.weight', 'cpuset.cpus'];
    const ran = await engine.must([
      ...['run', '--rm', '--memory', '64m', '--memory-swap', '96m', '--pids-limit', '33'],
      ...['--cpus', '0.5', '--cpu-shares', '512', '--cpuset-cpus', '0'],
      ...[IMAGE, 'sh', '-c', `cd /sys/fs/cgroup; cat ${files.join(' ')}; cat /proc/self/cgroup`],
    ]);
    const shown = [64 * 1024 ** 2, 32 * 1024 ** 2, 33, '50000 100000', 20, 0, '0::/'];
    assert.deepEqual(ran.trim().split('\n'), shown.map(String));
  },
};

const ALL: DockerCases = { ...runs, ...execs, ...walls, ...limits, ...unified, ...told };

/** One of each kind: emulated, a command takes a second. */
const SHORT: readonly string[] = [
  'run gives output and exit code, and --rm leaves nothing',
  'exec gives output and exit code, and says where it failed',
  ...Object.keys({ ...walls, ...unified, ...told }),
];

test('a guest with cgroup2 alone', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  await using ground = await needGround(t);
  if (ground === undefined) return;
  t.after(assertNoLeaks);
  const steps = [...ground.steps].map(([phase, count]) => `${phase} ${count}`);
  t.diagnostic(`seed ${SEED}; durable steps: ${steps.join(', ')}`);

  await t.test('a power cut in the middle of a pull', async (inner) => {
    await cutPull(ground, (line) => inner.diagnostic(line));
  });
  {
    await using engine = await ground.boot();
    t.diagnostic(
      `guest up in ${seconds(engine.guest.bootMs)}, its engine in ${seconds(engine.report.startMs)}`,
    );
    await t.test('the next engine is whole, and the next pull succeeds', async () => {
      await assertCheckIsClean(engine);
      await engine.must(['pull', ground.image]);
      assert.deepEqual(await layersOf(engine, ground.image), ground.layers);
    });
    await engine.must(['tag', ground.image, IMAGE]);
    await t.test('cgroup2 is there and nothing of version 1', async () => {
      const mounts = await engine.guest.must('cat', ['/proc/self/mounts']);
      const cgroups = [...mounts.matchAll(/^\S+ (\S+) (cgroup\S*) /gm)];
      assert.deepEqual(
        cgroups.map(([, path, type]) => `${type} ${path}`),
        ['cgroup2 /sys/fs/cgroup'],
      );
    });
    await runCases(t, engine, 'runc');
    if (IS_SOAK) {
      await engine.restart({ runtime: 'crun' });
      await runCases(t, engine, 'crun');
      await engine.must(['rmi', IMAGE]);
    } else {
      // In the long run it has a file of its own.
      await engine.restart({ ...ON_DEVICEMAPPER, dataRoot: join(engine.dataRoot, 'mapped') });
      await t.test('an engine on devicemapper', async () => await liveOnDevicemapper(engine, ground));
    }
  }
  if (!IS_SOAK) return;
  await t.test('power cuts in pull, commit and remove, and after each', async (inner) => {
    await cutEverything(inner, ground, { rounds: ROUNDS });
  });
});

async function runCases(t: TestContext, engine: GuestEngine, runtime: string): Promise<void> {
  assert.equal((await engine.must(['info', '--format', '{{.DefaultRuntime}}'])).trim(), runtime);
  for (const [name, run] of Object.entries(ALL)) {
    if (!IS_SOAK && !SHORT.includes(name)) continue;
    await t.test(`${runtime}: ${name}`, async () => {
      try {
        await run(engine);
      } finally {
        await removeContainers(engine);
      }
    });
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
