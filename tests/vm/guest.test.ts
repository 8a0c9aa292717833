import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chance, SEED } from '../crash/chance.ts';
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
import { type Ground, layersOf, needGround } from './ground.ts';
import type { GuestEngine } from './guest-engine.ts';
import { cutPowerDuring } from './power-cut.ts';

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

test('a guest with cgroup2 alone', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  await using ground = await needGround(t);
  if (ground === undefined) return;
  t.after(assertNoLeaks);
  t.diagnostic(`seed ${SEED}; steps: ${[...ground.steps].map((one) => one.join(' ')).join(', ')}`);
  await t.test('a power cut in the middle of a pull', (inner) => cutPull(inner, ground));
  await using engine = await ground.boot();
  t.diagnostic(
    `booted in ${seconds(engine.guest.bootMs)} s, the engine in ${seconds(engine.report.startMs)} s more`,
  );
  await t.test('the next engine is whole, and the next pull succeeds', async () => {
    await assertCheckIsClean(engine);
    await engine.must(['pull', ground.image]);
    assert.deepEqual(await layersOf(engine, ground.image), ground.layers);
  });
  await engine.must(['tag', ground.image, IMAGE]);
  await t.test('cgroup2 is there and nothing of version 1', async () => {
    const mounts = await engine.guest.must('cat', ['/proc/self/mounts']);
    assert.deepEqual(
      [...mounts.matchAll(/^\S+ (\S+) (cgroup\S*) /gm)].map(([, path, type]) => `${type} ${path}`),
      ['cgroup2 /sys/fs/cgroup'],
    );
  });
  await runCases(t, engine, 'runc');
});

async function cutPull(t: TestContext, ground: Ground): Promise<void> {
  await using engine = await ground.boot();
  const steps = ground.steps.get('pull') ?? 0;
  const afterSteps = 1 + Math.floor(chance('cut of the pull') * (steps - 2));
  const at = await cutPowerDuring(engine, { work: () => engine.must(['pull', ground.image]), afterSteps });
  t.diagnostic(`after ${afterSteps} of ${steps} steps, at ${at}`);
  assert.notEqual(at, undefined, 'the pull had ended');
}

async function runCases(t: TestContext, engine: GuestEngine, runtime: string): Promise<void> {
  assert.equal((await engine.must(['info', '--format', '{{.DefaultRuntime}}'])).trim(), runtime);
  for (const [name, run] of Object.entries({ ...runs, ...execs, ...walls, ...limits, ...unified, ...told })) {
    await t.test(`${runtime}: ${name}`, async () => {
      try {
        await run(engine);
      } finally {
        await removeContainers(engine);
      }
    });
  }
}

async function assertCheckIsClean(engine: GuestEngine): Promise<void> {
  const address = 'http://engine/berth/check?deep=true';
  const args = ['--silent', '--show-error', '--unix-socket', engine.socketPath, address];
  assert.deepEqual(JSON.parse(await engine.guest.must('curl', args)), []);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
