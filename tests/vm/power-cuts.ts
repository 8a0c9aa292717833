import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { chance } from '../crash/chance.ts';
import type { Phase } from '../engine/image-life.ts';
import { assertCheckIsClean } from './check.ts';
import { type Ground, layersOf } from './ground.ts';
import type { GuestEngine } from './guest-engine.ts';
import { cutPowerDuring, stepsOf } from './power-cut.ts';

const MADE = 'made:1';

/** Something that an engine does while its power goes. */
interface Deed {
  readonly phase: Phase;
  /** What must be there before. */
  prepare(engine: GuestEngine, ground: Ground): Promise<void>;
  work(engine: GuestEngine, ground: Ground): Promise<void>;
  /** The same, on what the cut has left. */
  again(engine: GuestEngine, ground: Ground): Promise<void>;
  /** What must be true when it is done. */
  verify(engine: GuestEngine, ground: Ground): Promise<void>;
}

const pull: Deed = {
  phase: 'pull',
  prepare: async () => undefined,
  work: async (engine, { image }) => {
    await engine.must(['pull', image]);
  },
  again: async (engine, ground) => await pull.work(engine, ground),
  verify: async (engine, { image, layers }) => {
    assert.deepEqual(await layersOf(engine, image), layers);
    assert.equal(await contents(engine, image), '50000\n300\n');
  },
};

const commit: Deed = {
  phase: 'commit',
  prepare: async (engine, { image }) => {
    const script = 'rm /many/1; echo made > /made; for i in 1 2 3; do cat /data/sub/b > /copy-$i; done';
    await engine.must(['run', '--name', 'work', image, 'sh', '-c', script]);
    // What a container writes is its own affair; that it is kept is not what is tested.
    await engine.guest.must('sync', []);
  },
  work: async (engine) => {
    await engine.must(['commit', 'work', MADE]);
  },
  again: async (engine, ground) => await commit.work(engine, ground),
  verify: async (engine, { layers }) => {
    const made = await layersOf(engine, MADE);
    assert.deepEqual([made.length, made.slice(0, layers.length)], [layers.length + 1, layers]);
    assert.equal(await contents(engine, MADE), '50000\n299\nmade\n');
  },
};

const remove: Deed = {
  phase: 'remove',
  prepare: async () => undefined,
  work: async (engine, { image }) => {
    for (const args of removals(image)) await engine.must(args);
  },
  again: async (engine, { image }) => {
    for (const args of removals(image)) {
      const { code, stderr } = await engine.docker(args);
      if (code !== 0) assert.match(stderr, /No such (container|image)/);
    }
    // A commit that was whole when the power went has lost its name to the second one.
    await engine.must(['image', 'prune', '--force']);
  },
  verify: async (engine) => {
    for (const args of [
      ['ps', '--all', '--quiet'],
      ['images', '--all', '--quiet'],
      ['volume', 'ls', '--quiet'],
    ])
      assert.equal(await engine.must(args), '', args.join(' '));
  },
};

const DEEDS: readonly Deed[] = [pull, commit, remove];

function removals(image: string): readonly (readonly string[])[] {
  return [
    ['rm', '--volumes', 'work'],
    ['rmi', MADE],
    ['rmi', image],
  ];
}

async function contents(engine: GuestEngine, image: string): Promise<string> {
  const script = 'wc -l < /data/sub/b; ls /many | wc -l; cat /made 2>/dev/null || true';
  return await engine.must(['run', '--rm', image, 'sh', '-c', script]);
}

/** The same without any cut. @returns how many durable steps there were in each deed */
export async function doEverything(engine: GuestEngine, ground: Ground): Promise<ReadonlyMap<Phase, number>> {
  const counts = new Map<Phase, number>();
  for (const deed of DEEDS) {
    await deed.prepare(engine, ground);
    const before = await stepsOf(engine);
    await deed.work(engine, ground);
    counts.set(deed.phase, (await stepsOf(engine)) - before);
    await deed.verify(engine, ground);
  }
  return counts;
}

/** One cut in the middle of a deed, at a step that the seed says. */
export async function cutPull(ground: Ground, say: (line: string) => void): Promise<void> {
  await using engine = await ground.boot();
  const at = await cut(pull, { engine, ground, steps: ground.steps, name: 'short' });
  say(at);
  assert.doesNotMatch(at, /its end/);
}

export interface CutOptions {
  readonly rounds: number;
  /** Options of `openEngine`: another storage driver, for instance. */
  readonly engine?: Readonly<Record<string, unknown>>;
  /** How many durable steps an engine comes to in each phase; default: as it was here. */
  readonly steps?: ReadonlyMap<Phase, number>;
  /** After each start on what a cut has left, and at the end when all is removed. */
  readonly look?: (engine: GuestEngine, state: 'started' | 'empty') => Promise<void>;
}

/**
 * An image is pulled, changed, committed and removed, and the power goes in the middle of each, and again at the moment when
 * docker says that it is done: then nothing of it may be lost.
 */
export async function cutEverything(t: TestContext, ground: Ground, options: CutOptions): Promise<void> {
  const { rounds, steps = ground.steps, look = async () => undefined } = options;
  const ended = new Map<Phase, number>();
  let engine = await ground.boot(options.engine);
  const restart = async (): Promise<void> => {
    await engine[Symbol.asyncDispose]();
    engine = await ground.boot(options.engine);
    await assertCheckIsClean(engine);
    await look(engine, 'started');
  };
  const cutTwice = async (say: (line: string) => void, deed: Deed, round: number): Promise<void> => {
    await deed.prepare(engine, ground);
    const at = await cut(deed, { engine, ground, steps, name: `round ${round}` });
    say(at);
    if (/its end/.test(at)) ended.set(deed.phase, (ended.get(deed.phase) ?? 0) + 1);
    await restart();
    await deed.again(engine, ground);
    const unsynced = await cutAtOnce(engine);
    await restart();
    await assertLost(engine, unsynced);
    await deed.verify(engine, ground);
    if (deed === remove) await look(engine, 'empty');
  };
  try {
    await remove.again(engine, ground);
    for (let at = 0, isWhole = true; at < rounds * DEEDS.length && isWhole; at += 1) {
      const deed = DEEDS[at % DEEDS.length] ?? pull;
      const round = 1 + Math.floor(at / DEEDS.length);
      isWhole = false;
      await t.test(`${deed.phase}, round ${round}`, async (inner) => {
        await cutTwice((line) => inner.diagnostic(line), deed, round);
        isWhole = true;
      });
    }
  } finally {
    await engine[Symbol.asyncDispose]();
  }
  for (const [phase, count] of ended) assert.ok(count < rounds, `no cut was in the middle of a ${phase}`);
}

/** @returns path of a new file that nobody has asked the kernel to write */
async function cutAtOnce({ guest }: GuestEngine): Promise<string> {
  const path = join(guest.disk, `unsynced-${randomUUID()}`);
  await guest.must('sh', ['-c', 'echo written > "$0"', path]);
  await guest.cutPower();
  return path;
}

/** Or the cuts would prove nothing of what an engine asks for. */
async function assertLost({ guest }: GuestEngine, path: string): Promise<void> {
  const { stdout } = await guest.run('cat', [path]);
  assert.equal(stdout, '');
}

async function cut(
  deed: Deed,
  options: {
    readonly engine: GuestEngine;
    readonly ground: Ground;
    readonly steps: ReadonlyMap<Phase, number>;
    readonly name: string;
  },
): Promise<string> {
  const { engine, ground, name } = options;
  const steps = options.steps.get(deed.phase) ?? 0;
  // Not among the last ones: the answer to the command is on its way then.
  const afterSteps = 1 + Math.floor(chance(`power cut, ${deed.phase}, ${name}`) * steps * 0.8);
  const at = await cutPowerDuring(engine, { work: () => deed.work(engine, ground), afterSteps });
  return `${deed.phase}: power cut after ${afterSteps} of some ${steps} steps, ${at === undefined ? 'after its end' : `at ${at}`}`;
}
