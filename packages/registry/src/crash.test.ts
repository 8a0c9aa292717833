import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeImage, TestClient, type TestImage } from './testing/client.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const CHILD = fileURLToPath(new URL('./testing/crash.child.ts', import.meta.url));

interface Run {
  /** Every step that the push went through, in order. */
  readonly steps: readonly string[];
  readonly isPushed: boolean;
}

/** Starts a registry in a process of its own, pushes, and ends it, if it has not ended itself. */
async function pushInChild(
  root: string,
  crash: { step: string; nth: number },
  image: TestImage,
): Promise<Run> {
  const child = spawn(process.execPath, [CHILD, root, crash.step, String(crash.nth)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const steps: string[] = [];
  let url: string | undefined;
  let onUrl = (): void => {};
  const ready = new Promise<void>((resolve) => {
    onUrl = resolve;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line.startsWith('url ')) {
      url = line.slice(4);
      onUrl();
    } else if (url !== undefined) {
      steps.push(line.slice(5));
    }
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([ready, exited]);
  let isPushed = false;
  if (url !== undefined) {
    isPushed = await new TestClient(url, 'team/app').push('latest', image).then(
      () => true,
      () => false,
    );
  }
  child.kill('SIGKILL');
  await exited;
  return { steps, isPushed };
}

describe('a push that is killed', () => {
  it('at any step leaves the old state or the new one, and the next push succeeds', async (t) => {
    const base = await mkdtemp(join(tmpdir(), 'berth-crash-'));
    try {
      const whole = await pushInChild(join(base, 'whole'), { step: 'none', nth: 1 }, makeImage());
      assert.ok(whole.isPushed);
      assert.ok(new Set(whole.steps).size > 10, whole.steps.join(' '));
      const all = whole.steps.map((step, at) => ({
        step,
        nth: whole.steps.slice(0, at + 1).filter((each) => each === step).length,
      }));
      // A sample of everything; BERTH_SOAK=1 takes every point.
      const every = process.env.BERTH_SOAK === '1' ? 1 : 8;
      const seed = Number(process.env.BERTH_SEED ?? Math.floor(Math.random() * 1000));
      const offset = seed % every;
      const points = all.filter((_, at) => at % every === offset);
      t.diagnostic(`${points.length} of ${all.length} points, BERTH_SEED=${seed}`);
      for (const [at, point] of points.entries()) await crashAndRecover(join(base, String(at)), point);
    } finally {
      await rm(base, { recursive: true, force: true });
    }
  });
});

async function crashAndRecover(root: string, point: { step: string; nth: number }): Promise<void> {
  const where = `${point.step} (${point.nth})`;
  const image = makeImage();
  const run = await pushInChild(root, point, image);
  await using server = await startTestRegistry({ root });
  const before = await server.registry.check({ deep: true });
  assert.deepEqual(before.findings, [], where);
  const client = new TestClient(server.url, 'team/app');
  const { status } = await client.request('manifests/latest', { method: 'HEAD' });
  if (run.isPushed) assert.equal(status, 200, where);
  else assert.ok(status === 200 || status === 404, where);
  await client.push('latest', image);
  const answer = await client.request('manifests/latest');
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), image.bytes, where);
  const after = await server.registry.check({ deep: true });
  assert.deepEqual(after.findings, [], where);
  assert.equal(after.counts.blobs, image.blobs.length, where);
}
