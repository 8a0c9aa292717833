import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTENT_STEPS } from '@berth/content';
import { startHub, type TestHub } from '../lab/hub.ts';
import { chance, IS_SOAK, SEED } from './chance.ts';
import { failuresOf } from './in-parallel.ts';
import { assertCheckIsClean, assertNothingLeft } from './leftovers.ts';
import { type PreparedRoot, prepareRoot } from './prepared-root.ts';
import { blobsOf, makePlan, type PushPlan } from './push-plan.ts';
import { Pusher } from './pusher.ts';

/** More than the 64 KiB up to which `@berth/transfer` sends one PUT. */
const LAYER_BYTES = 100_000;

/** `content.rename:2`: the second time that the Hub comes to this step. */
type Point = string;

test('kill -9 at the durable steps of a push: what was acknowledged stays, the next push succeeds', async (t) => {
  await using prepared = await prepareRoot({ layerSizeBytes: LAYER_BYTES });
  const plan = await planIn(prepared, 'steps');
  const { all, ofStart } = await stepsOfOnePush(prepared, plan);
  const names = new Set(all.map(nameOf));
  for (const step of CONTENT_STEPS) assert.ok(names.has(step), `the push does not come to ${step}`);
  const points = IS_SOAK ? all : oncePerName(all);
  const seen = { inStart: 0, inPush: 0, later: 0, unheard: 0 };
  const failures = await failuresOf(points, {
    name: (point) => point,
    work: async (point) => {
      const result = await crashAndRecover(prepared, point);
      seen[result.died] += 1;
      seen.unheard += result.unheard;
    },
  });
  t.diagnostic(
    `${names.size} steps, ${points.length} of ${all.length} points (${ofStart} of them in the start), seed ${SEED}`,
  );
  t.diagnostic(
    `killed while starting ${seen.inStart}, while pushing ${seen.inPush}, point not reached ${seen.later}; ` +
      `${seen.unheard} sessions that no client heard of, swept at the end of their life; ${failures.length} failures`,
  );
  assert.deepEqual(failures, []);
});

function planIn(prepared: PreparedRoot, name: string): Promise<PushPlan> {
  const journalFolder = join(prepared.work, `journal-${name}`);
  return makePlan({ seed: 'steps', old: prepared.old, layerSizeBytes: LAYER_BYTES, journalFolder });
}

async function stepsOfOnePush(
  prepared: PreparedRoot,
  plan: PushPlan,
): Promise<{ readonly all: readonly Point[]; readonly ofStart: number }> {
  const trace = join(prepared.work, 'steps.txt');
  await writeFile(trace, '');
  // The Hub that writes it has given up root.
  await chmod(trace, 0o666);
  const read = async () => (await readFile(trace, 'utf8')).split('\n').filter((line) => line !== '');
  const dataRoot = await prepared.copy('dry');
  await using hub = await startHub({ dataRoot, env: { BERTH_TRACE_STEPS: trace } });
  const ofStart = (await read()).length;
  await new Pusher(plan).push(hub);
  const counts = new Map<string, number>();
  const all = (await read()).map((name) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return `${name}:${counts.get(name)}`;
  });
  return { all, ofStart };
}

function nameOf(point: Point): string {
  return point.slice(0, point.lastIndexOf(':'));
}

/** One point of each step, any of them. */
function oncePerName(all: readonly Point[]): Point[] {
  return [...new Set(all.map(nameOf))].map((name) => {
    const points = all.filter((point) => nameOf(point) === name);
    return points[Math.floor(chance(name) * points.length)] ?? name;
  });
}

interface Crash {
  /** `later`: the Hub did not come to this point, and was killed after the push. */
  readonly died: 'inStart' | 'inPush' | 'later';
  readonly unheard: number;
}

async function crashAndRecover(prepared: PreparedRoot, point: Point): Promise<Crash> {
  const dataRoot = await prepared.copy(point);
  const plan = await planIn(prepared, point);
  const pusher = new Pusher(plan);
  let died: Crash['died'] = 'inStart';
  {
    await using crashing = await startOrDie(dataRoot, point);
    if (crashing !== undefined) {
      const isPushed = await pusher.push(crashing).then(
        () => true,
        () => false,
      );
      died = isPushed && crashing.server.ended === undefined ? 'later' : 'inPush';
      if (!isPushed) assert.equal(await crashing.server.exited(), 'SIGKILL', crashing.server.output());
      await crashing.kill();
      await crashing.restart({ BERTH_CRASH_AT: '' });
    }
    await using hub = crashing ?? (await startHub({ dataRoot }));
    await assertCheckIsClean(dataRoot);
    await pusher.assertAcknowledged(hub);
    await pusher.push(hub);
    await pusher.assertAcknowledged(hub);
    await pusher.assertPulls(hub);
  }
  const blobs = prepared.blobs.union(blobsOf([plan.fresh, plan.moved]));
  const unheard = await assertNothingLeft(dataRoot, { blobs, unheardSessions: 1 });
  await rm(dataRoot, { recursive: true });
  return { died, unheard };
}

/** @returns undefined when the point lies in the start itself */
async function startOrDie(dataRoot: string, point: Point): Promise<TestHub | undefined> {
  try {
    return await startHub({ dataRoot, env: { BERTH_CRASH_AT: point } });
  } catch (error) {
    if (error instanceof Error && error.message.includes('ended (SIGKILL)')) return undefined;
    throw error;
  }
}
