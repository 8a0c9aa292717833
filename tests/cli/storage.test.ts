import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EngineStorageUsage } from '@berth/engine';
import { type CommandResult, mustRun, runCommand } from '../lab/command.ts';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { smallImageBytes } from '../lab/small-image.ts';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');

interface Machine {
  readonly engine: TestEngine;
  /** Folder of the layer store. */
  readonly storage: string;
  berth(...args: readonly string[]): Promise<CommandResult>;
}

test('berth storage: beside a running engine, without one, and where something is wrong', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  await engine.must(['import', '-', 'small:1'], { input: await smallImageBytes(engine.lab) });
  await engine.must([
    'run',
    '--name',
    'writer',
    'small:1',
    'dd',
    'if=/dev/zero',
    'of=/big',
    'bs=1M',
    'count=3',
  ]);
  await engine.must(['commit', 'writer', 'small:2']);
  await engine.must(['tag', 'small:2', 'other/name:3']);
  const root = join(engine.folder, 'root');
  await mkdir(root);
  // The engine of the lab has its data folder elsewhere than `berth` would put it.
  await symlink(engine.dataRoot, join(root, 'engine'));
  const machine: Machine = {
    engine,
    storage: join(engine.dataRoot, 'storage'),
    berth: (...args) =>
      runCommand([process.execPath, '--disable-warning=ExperimentalWarning', '--', MAIN, ...args], {
        env: { HOME: root, LANG: 'C.UTF-8', BERTH_DATA_ROOT: root, BERTH_SOCKET: engine.socketPath },
      }),
  };
  for (const [name, run] of Object.entries(CASES)) await t.test(name, (inner) => run(machine, inner));
});

const CASES: Readonly<Record<string, (machine: Machine, t: TestContext) => Promise<void>>> = {
  async 'info says what is in use and what every driver needs'({ berth }) {
    const { code, stdout } = await berth('storage', 'info');
    assert.equal(code, 0);
    assert.match(stdout, /^In use: overlay2 \(the best that works here\)\n {2}Backing Filesystem {2}/);
    for (const name of ['overlay2', 'vfs', 'overlay'])
      assert.match(stdout, new RegExp(`^${name}: works here`, 'm'));
    assert.match(stdout, /^ {2}Deprecated {2}Docker/m);
  },

  async 'df adds up with the disk, by layer, sharer and leftover, running or not'({
    engine,
    storage,
    berth,
  }) {
    const usage = await usageOf(berth);
    const { stdout } = await mustRun(['du', '--block-size=1', '--summarize', '--one-file-system', storage]);
    assert.equal(usage.totalBytes, Number.parseInt(stdout, 10));
    const [base, top] = usage.layers;
    assert.equal(usage.layers.length, 2);
    assert.deepEqual(base?.images, ['other/name:3', 'small:1', 'small:2']);
    assert.deepEqual(top?.images, ['other/name:3', 'small:2']);
    assert.deepEqual([base?.containers, top?.containers], [['writer'], []]);
    assert.ok((top?.diskBytes ?? 0) >= 3 * 1024 * 1024, `${top?.diskBytes}`);
    assert.deepEqual(
      usage.containers.map(({ name }) => name),
      ['writer'],
    );
    assert.equal(usage.leftoverBytes, 0);
    await engine.stop();
    const atRest = await usageOf(berth);
    assert.deepEqual(atRest.layers, usage.layers);
    const text = (await berth('storage', 'df')).stdout;
    assert.match(text, /^ {2}[0-9a-f]{12} +3\.\d+ MB +3\.\d+ MB +other\/name:3, small:2$/m);
    assert.match(text, /^Leftover +0 B$/m);
  },

  async 'check finds what is orphaned and what was changed, and mends what it can'({ storage, berth }) {
    assert.deepEqual(lastLine(await berth('storage', 'check', '--deep')), [0, 'Nothing is wrong']);
    const home = join(storage, 'overlay2');
    const big = await firstWith(home, 'big');
    await appendFile(join(home, big, 'diff/big'), 'more');
    const orphan = 'a'.repeat(26);
    await mkdir(join(home, orphan, 'diff'), { recursive: true });

    const shallow = await berth('storage', 'check');
    assert.deepEqual(lastLine(shallow), [1, '1 thing is wrong']);
    assert.match(shallow.stdout, new RegExp(`^layer-orphaned {2}${orphan}: `, 'm'));
    const mended = await berth('storage', 'check', '--deep', '--repair');
    assert.deepEqual(lastLine(mended), [1, '1 thing is wrong']);
    assert.match(mended.stdout, new RegExp(`^layer-orphaned {2}${orphan}: .* \\(mended\\)$`, 'm'));
    assert.match(mended.stdout, /^layer-modified {2}sha256:.*"big"/m);
    assert.ok(!(await readdir(home)).includes(orphan));
  },

  async 'where there never was an engine it says so'({ engine, berth }) {
    const nowhere = join(engine.folder, 'nowhere');
    for (const verb of ['df', 'check']) {
      const { code, stderr } = await berth('storage', verb, '--data-root', nowhere);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`Cannot look into "${nowhere}": no engine was ever started there`));
    }
    const info = await berth('storage', 'info', '--data-root', nowhere);
    assert.equal(info.code, 0);
    assert.match(info.stdout, /^No engine was ever started here/);
    assert.ok(!(await readdir(engine.folder)).includes('nowhere'));
  },
};

async function usageOf(berth: Machine['berth']): Promise<EngineStorageUsage> {
  const { code, stdout, stderr } = await berth('storage', 'df', '--format', 'json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

function lastLine({ code, stdout }: CommandResult): readonly [code: unknown, line: string | undefined] {
  return [code, stdout.trimEnd().split('\n').at(-1)];
}

/** The key of an image layer that has a file; the container's own comes later. */
async function firstWith(home: string, name: string): Promise<string> {
  for (const key of await readdir(home)) {
    const folder = join(home, key, 'diff');
    const names = await readdir(folder).catch((): string[] => []);
    const isContainers = (await readdir(join(home, key))).includes('work');
    if (names.includes(name) && !isContainers) return key;
  }
  throw new Error(`No layer has "${name}"`);
}
