import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { chance, IS_SOAK, SEED } from '../crash/chance.ts';
import { runCommand } from '../lab/command.ts';
import { type EngineHouse, openEngineHouse } from '../lab/engine-house.ts';
import { openPeers } from '../lab/peers.ts';
import { smallImage } from '../lab/small-image.ts';

const VERBS = ['create', 'start', 'stop', 'commit', 'remove'] as const;
type Verb = (typeof VERBS)[number];
/** Points of a short run; a soak takes all. */
const SAMPLE = 4;

interface Found {
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly images: number;
  readonly folders: number;
  readonly bundles: number;
  readonly mounted: number;
  readonly namespaces: number;
  readonly problems: readonly unknown[];
}

test('kill -9 of the engine at every step of create, start, stop, commit and remove: the next start is whole', async (t) => {
  const life = await openLife(t);
  if (life === undefined) return;
  const points = await life.dryRun();
  const chosen = IS_SOAK
    ? points
    : [...points]
        .sort((a, b) => chance(`${a.verb} ${a.point}`) - chance(`${b.verb} ${b.point}`))
        .slice(0, SAMPLE);
  t.diagnostic(`${chosen.length} of ${points.length} points, seed ${SEED}`);
  for (const { verb, point } of chosen) {
    await t.test(`${verb} at ${point}`, async () => await life.crash(verb, point));
  }
});

/** One data folder, in which the container `crash` lives again and again. */
class Life {
  readonly #house: EngineHouse;
  readonly #folder: string;
  readonly #tar: string;

  constructor(house: EngineHouse, options: { readonly folder: string; readonly tar: string }) {
    this.#house = house;
    this.#folder = options.folder;
    this.#tar = options.tar;
  }

  async prepare(): Promise<void> {
    await this.#must('prepare', { tar: this.#tar });
  }

  /** Every step that each verb comes to. */
  async dryRun(): Promise<readonly { readonly verb: Verb; readonly point: string }[]> {
    const points: { verb: Verb; point: string }[] = [];
    for (const verb of VERBS) {
      const trace = join(this.#folder, `${verb}.txt`);
      await writeFile(trace, '');
      await this.#must(verb, { trace });
      const steps = (await readFile(trace, 'utf8')).split('\n').filter((line) => line !== '');
      assert.ok(steps.length > 0, `${verb} comes to no step`);
      points.push(...steps.map((point) => ({ verb, point })));
      if (verb === 'commit') await this.#forgetCommits();
    }
    await this.#assertEmpty('after the dry run');
    return points;
  }

  async crash(verb: Verb, point: string): Promise<void> {
    // Of a point before that failed nothing is taken along.
    if ((await this.#look()).containers.length > 0) await this.#must('remove');
    const before = VERBS.slice(0, VERBS.indexOf(verb));
    for (const earlier of before) await this.#must(earlier);
    const died = await this.#run(verb, { killAt: point });
    // How often a database is written to varies: with luck the last of these points is not reached.
    if (died.code === 0) return await this.#goOn(VERBS.slice(VERBS.indexOf(verb) + 1));
    // By its signal, or as the shell around it tells of that.
    assert.ok(
      died.code === null || died.code === 137,
      `it was to die at ${point}: ${died.stdout}${died.stderr}`,
    );
    const found = await this.#look();
    this.#assertWhole(verb, found);
    // The next try succeeds, whatever came of this one.
    if (found.containers.length > 0 && verb === 'create') await this.#must('remove');
    const rest = VERBS.slice(VERBS.indexOf(verb));
    await this.#goOn(found.containers.length === 0 && verb === 'remove' ? [] : rest);
  }

  async #goOn(verbs: readonly Verb[]): Promise<void> {
    for (const verb of verbs) await this.#must(verb);
    await this.#assertEmpty('at the end');
  }

  /** The old state or the new one, and nothing else. */
  #assertWhole(verb: Verb, found: Found): void {
    assert.deepEqual(found.problems, []);
    const states = found.containers.map((text) => text.split(' ')[1]);
    const allowed: Readonly<Record<Verb, readonly string[]>> = {
      create: ['', 'created'],
      start: ['created', 'running', 'exited'],
      stop: ['running', 'exited'],
      commit: ['exited'],
      remove: ['exited', ''],
    };
    assert.ok(allowed[verb].includes(states.join()), `${verb}: "${states.join()}"`);
    const runs = states.includes('running') ? 1 : 0;
    assert.deepEqual([found.bundles, found.mounted, found.namespaces], [runs, runs, runs]);
    assert.ok(found.folders <= found.containers.length);
    const hasVolume = found.volumes.includes('anonymous');
    assert.equal(hasVolume, found.containers.length === 1, 'an anonymous volume is there with its container');
  }

  async #assertEmpty(when: string): Promise<void> {
    await this.#forgetCommits();
    const { problems, ...found } = await this.#look();
    assert.deepEqual(problems, [], when);
    const nothing = {
      containers: [],
      volumes: ['named'],
      images: 1,
      folders: 0,
      bundles: 0,
      mounted: 0,
      namespaces: 0,
    };
    assert.deepEqual(found, nothing, when);
  }

  async #forgetCommits(): Promise<void> {
    await this.#must('look', { forgetCommits: true });
  }

  async #look(): Promise<Found> {
    return (await this.#must('look')) as Found;
  }

  async #must(verb: Verb | 'prepare' | 'look', more: object = {}): Promise<unknown> {
    const { code, stdout, stderr } = await this.#run(verb, more);
    if (code !== 0) throw new Error(`${verb} ended with ${code}:\n${stdout}\n${stderr}`);
    const { result, faults } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      readonly result?: unknown;
      readonly faults: readonly string[];
    };
    assert.deepEqual(faults, [], verb);
    return result;
  }

  async #run(verb: string, more: object) {
    const child = join(import.meta.dirname, 'steps.child.ts');
    const folders = { dataRoot: join(this.#folder, 'data'), runRoot: '/run/berth' };
    const order = JSON.stringify({ ...folders, verb, image: 'small:1', ...more });
    return await runCommand(this.#house.command(process.execPath, [child, order], { cwd: '/' }), {});
  }
}

async function openLife(t: TestContext): Promise<Life | undefined> {
  const lab = await openPeers(t);
  if (lab === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'berth-steps-'));
  lab.beforeClose(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'data'));
  const house = await openEngineHouse(lab);
  lab.beforeClose(async () => await house[Symbol.asyncDispose]());
  const life = new Life(house, { folder, tar: (await smallImage(lab)).tar });
  await life.prepare();
  return life;
}
