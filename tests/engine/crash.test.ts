import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chance, IS_SOAK, SEED } from '../crash/chance.ts';
import { Moments, ROUNDS } from '../crash/moments.ts';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { startHub } from '../lab/hub.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { counted, type HouseState, houseState } from './house-state.ts';
import { ImageLife, PHASES, type Phase } from './image-life.ts';

/** How many points of each phase one `npm test` dies at. */
const SAMPLE: Readonly<Record<Phase | 'start', number>> = {
  start: 1,
  pull: 2,
  create: 1,
  run: 1,
  commit: 1,
  remove: 2,
};

/** Steps that every life must come to, or the points below are not those of a life. */
const MUST = ['layers.committed', 'images.stored', 'container.insert', 'network.published', 'images.removed'];

interface Point {
  readonly phase: Phase | 'start';
  /** `layers.row:2`: the second time that this engine comes to this step. */
  readonly at: string;
}

interface Ground {
  readonly engine: TestEngine;
  readonly life: ImageLife;
  /** Of an engine that has lived through one life and has nothing. */
  readonly before: HouseState;
  readonly points: readonly Point[];
}

test('kill -9 of the engine in pull, create, run, commit and remove: the next try succeeds, nothing is left', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  await using hub = await startHub({ netns: engine.netns });
  const ground = await prepare(engine, new ImageLife(engine, hub));
  t.diagnostic(`before: ${counted(ground.before)}; seed ${SEED}`);
  await t.test('at durable steps', (inner) => atSteps(inner, ground));
  await t.test('at random moments', (inner) => atMoments(inner, ground));
});

async function prepare(engine: TestEngine, life: ImageLife): Promise<Ground> {
  await life.prepare();
  const trace = join(engine.folder, 'steps.txt');
  const points: Point[] = [];
  const take = async (phase: Phase | 'start'): Promise<void> => {
    const lines = (await readFile(trace, 'utf8')).split('\n').filter((line) => line !== '');
    for (const at of lines.slice(points.length)) points.push({ phase, at });
  };
  await engine.restart({ traceSteps: trace });
  await take('start');
  await life.live(take);
  const names = new Set(points.map(({ at }) => at.slice(0, at.lastIndexOf(':'))));
  for (const step of MUST)
    assert.ok(names.has(step), `a life does not come to ${step}: ${[...names].join(' ')}`);
  await life.assertEmpty();
  return { engine, life, before: await settled(engine), points };
}

async function atSteps(t: TestContext, ground: Ground): Promise<void> {
  const chosen = IS_SOAK ? ground.points : sample(ground.points);
  const died = { start: 0, life: 0, later: 0 };
  const failures: string[] = [];
  for (const { phase, at } of chosen) {
    try {
      died[await dieAt(ground, at)] += 1;
      await recover(ground);
    } catch (error) {
      failures.push(`${phase}, ${at}: ${error instanceof Error ? error.stack : error}`);
      // What one crash left must not be found again after each.
      await recover(ground).catch(() => undefined);
    }
  }
  const phases = PHASES.map(
    (phase) => `${phase} ${ground.points.filter((one) => one.phase === phase).length}`,
  );
  t.diagnostic(`${chosen.length} of ${ground.points.length} points (${phases.join(', ')}), seed ${SEED}`);
  t.diagnostic(
    `died in the start ${died.start}, in the life ${died.life}, not reached ${died.later}: ${chosen.map(({ at }) => at).join(' ')}`,
  );
  assert.deepEqual(failures, []);
}

function sample(points: readonly Point[]): readonly Point[] {
  return (['start', ...PHASES] as const).flatMap((phase) => {
    const left = points.filter((one) => one.phase === phase);
    return Array.from({ length: Math.min(SAMPLE[phase], left.length) }, (_, at) =>
      left.splice(Math.floor(chance(`${phase}/${at}`) * left.length), 1),
    ).flat();
  });
}

async function dieAt({ engine, life }: Ground, crashAt: string): Promise<'start' | 'life' | 'later'> {
  try {
    await engine.restart({ crashAt });
  } catch (error) {
    if (error instanceof Error && error.message.includes('ended (SIGKILL)')) return 'start';
    throw error;
  }
  const failure = await life.live().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) {
    const isAlive = engine.server.ended === undefined;
    await engine.kill();
    return isAlive ? 'later' : 'life';
  }
  const ended = await Promise.race([engine.server.exited(), sleep(10_000).then(() => undefined)]);
  if (ended !== 'SIGKILL') throw failure;
  return 'life';
}

async function atMoments(t: TestContext, ground: Ground): Promise<void> {
  const { engine, life } = ground;
  const moments = new Moments('engine');
  await engine.restart();
  const started = performance.now();
  await life.live();
  moments.ended(performance.now() - started);
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = performance.now();
    const living = life.live().then(
      () => true,
      () => false,
    );
    await Promise.race([sleep(moments.delay(round)), living]);
    await engine.kill();
    if (await living) moments.killedLate(performance.now() - begun);
    else moments.killedInTime();
    await recover(ground);
  }
  moments.report(t, 0);
}

/** A new engine has everything in order, the same succeeds, and nothing is there that was not there before. */
async function recover({ engine, life, before }: Ground): Promise<void> {
  await engine.restart();
  await life.assertCheckIsClean();
  await life.removeContainers();
  await life.live();
  await life.prune();
  await life.assertEmpty();
  await life.assertCheckIsClean();
  assert.deepEqual(await settled(engine, before), before);
}

/** The kernel takes interfaces and cgroups away a moment after the last process has gone. */
async function settled(engine: TestEngine, wanted?: HouseState): Promise<HouseState> {
  let last = await houseState(engine);
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const known = wanted ?? last;
    await sleep(wanted === undefined ? 500 : 100);
    last = await houseState(engine);
    if (JSON.stringify(last) === JSON.stringify(known)) break;
  }
  return last;
}
