import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { randomImage } from '@berth/oci/testing';
import { startSmallRegistry } from './testing/small-registry.ts';
import { smallTar } from './testing/small-tar.ts';
import { openTestImages, type TestImages } from './testing/test-images.ts';

const CHILD = fileURLToPath(new URL('./testing/crash.child.ts', import.meta.url));

interface Work {
  readonly what: 'pull' | 'load' | 'import' | 'remove';
  readonly argument: string;
  /** Makes the folder what it is before. */
  prepare(engine: TestImages): Promise<void>;
  /** Does the same once more, and must succeed. */
  again(engine: TestImages): Promise<void>;
}

interface Point {
  readonly step: string;
  readonly nth: number;
}

function runChild(dataRoot: string, work: Work, { step, nth }: Point): Promise<readonly string[]> {
  const args = [CHILD, dataRoot, step, String(nth), work.what, work.argument];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error !== null && error.signal !== 'SIGKILL') reject(new Error(stderr));
      else resolve(stdout.split('\n').filter((line) => line !== ''));
    });
  });
}

/** Kills the work at a sample of its steps; BERTH_SOAK=1 takes every one. */
async function killAtSteps(t: TestContext, work: Work): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), 'berth-crash-'));
  try {
    const start = async (name: string): Promise<string> => {
      const dataRoot = join(base, name);
      await mkdir(dataRoot);
      await using engine = await openTestImages({ dataRoot });
      await work.prepare(engine);
      return dataRoot;
    };
    const steps = await runChild(await start('whole'), work, { step: 'none', nth: 1 });
    const all = steps.map((step, at) => ({
      step,
      nth: steps.slice(0, at + 1).filter((each) => each === step).length,
    }));
    const every = process.env.BERTH_SOAK === '1' ? 1 : Math.ceil(all.length / 3);
    const seed = Number(process.env.BERTH_SEED ?? Math.floor(Math.random() * 1000));
    const points = all.filter((_, at) => at % every === seed % every);
    t.diagnostic(`${work.what}: ${points.length} of ${all.length} points, BERTH_SEED=${seed}`);
    for (const [at, point] of points.entries()) {
      const where = `${work.what} killed at ${point.step} (${point.nth})`;
      const dataRoot = await start(String(at));
      await runChild(dataRoot, work, point);
      await assertRecovers(dataRoot, work, where);
    }
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function assertRecovers(dataRoot: string, work: Work, where: string): Promise<void> {
  await using engine = await openTestImages({ dataRoot });
  // Whatever is visible is whole.
  for (const { Id } of await engine.images.list({ all: true })) {
    const { RootFS } = await engine.images.inspect(Id);
    for await (const _ of engine.images.save([Id]));
    assert.ok(RootFS.Layers.length > 0, where);
  }
  await work.again(engine);
  assert.deepEqual(await engine.layers.check({ deep: true }), [], where);
  assert.deepEqual(await engine.db.integrityCheck(), [], where);
  for (const { Id } of await engine.images.list({ all: true }))
    await engine.images.remove(Id, { force: true });
  await engine.images.prune();
  assert.deepEqual((await engine.layers.usage()).layers, [], where);
  assert.equal((await engine.layers.usage()).leftoverBytes, 0, where);
  assert.deepEqual(await engine.db.read.selectFrom('layer_holds').selectAll().execute(), [], where);
  assert.deepEqual(await readdir(join(dataRoot, 'staging')), [], where);
}

describe('images after a kill at any step', () => {
  it('a pull leaves the image or none of it, and the next succeeds', async (t) => {
    await using registry = await startSmallRegistry();
    const image = await randomImage({ seed: 'crash', layers: 3, sizeBytes: 50_000 });
    registry.put('a/app:1', image);
    const argument = `${registry.host}/a/app:1`;
    await killAtSteps(t, {
      what: 'pull',
      argument,
      prepare: async () => {},
      again: async (engine) => {
        assert.equal((await engine.images.pull(argument)).id, image.manifest.config.digest);
      },
    });
  });

  it('a load and an import leave the image or none of it', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-crash-files-'));
    try {
      const [archive, tar] = [join(folder, 'archive.tar'), join(folder, 'root.tar')];
      await writeFile(tar, smallTar({ a: 'x'.repeat(100_000), b: 'y' }));
      {
        await using engine = await openTestImages();
        await engine.images.importTar(smallTar({ a: 'x' }), { reference: 'one:1' });
        await engine.images.importTar(smallTar({ b: 'x' }), { reference: 'two:1' });
        await writeFile(archive, engine.images.save(['one:1', 'two:1']));
      }
      await killAtSteps(t, {
        what: 'load',
        argument: archive,
        prepare: async () => {},
        again: async (engine) => {
          assert.deepEqual(await engine.images.load(createReadStream(archive)), ['one:1', 'two:1']);
        },
      });
      await killAtSteps(t, {
        what: 'import',
        argument: tar,
        prepare: async () => {},
        again: async (engine) => {
          await engine.images.importTar(createReadStream(tar), { reference: 'imported:1' });
        },
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('a removal leaves the image or none of it', async (t) => {
    await killAtSteps(t, {
      what: 'remove',
      argument: 'app:1',
      prepare: async (engine) => {
        await engine.images.importTar(smallTar({ a: 'x' }), { reference: 'app:1' });
        await engine.images.importTar(smallTar({ b: 'x' }), { reference: 'stays:1' });
      },
      again: async (engine) => {
        await engine.images.remove('app:1').catch((error: { readonly code?: string }) => {
          assert.equal(error.code, 'IMAGE_UNKNOWN');
        });
        assert.ok((await engine.images.find('stays:1')) !== undefined);
      },
    });
  });
});
