import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { prepareDataRoot, prepareRunRoot } from './data-root.ts';
import { claimRunRoot, lockRoots, writeRunning } from './lock.ts';
import { type EnginePaths, enginePaths } from './paths.ts';

async function roots(t: TestContext): Promise<EnginePaths> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-root-'));
  t.after(() => rm(folder, { recursive: true }));
  const paths = enginePaths({ dataRoot: join(folder, 'data'), runRoot: join(folder, 'run') });
  await prepareDataRoot(paths);
  await prepareRunRoot(paths);
  return paths;
}

test('prepareDataRoot() closes the folders to others, and may be called again (CVE-2021-41091)', async (t) => {
  const paths = await roots(t);
  await prepareDataRoot(paths);
  const mode = async (path: string) => (await stat(path)).mode & 0o777;
  assert.deepEqual(
    [
      await mode(paths.dataRoot),
      await mode(paths.containers),
      await mode(paths.runRoot),
      await mode(paths.bundles),
    ],
    [0o711, 0o700, 0o711, 0o700],
  );
});

test('prepareDataRoot() refuses the folder of a newer Berth and changes nothing', async (t) => {
  const paths = await roots(t);
  await writeFile(paths.format, '2\n');
  await assert.rejects(prepareDataRoot(paths), { code: 'DATA_ROOT_NEWER', message: /format "2".*up to "1"/ });
  assert.equal(await readFile(paths.format, 'utf8'), '2\n');
});

test('prepareDataRoot() says why a folder cannot be used', async (t) => {
  const paths = await roots(t);
  await writeFile(join(paths.dataRoot, 'file'), '');
  const wrong = enginePaths({ dataRoot: join(paths.dataRoot, 'file', 'data') });
  await assert.rejects(prepareDataRoot(wrong), { code: 'DATA_ROOT_DENIED' });
});

test('lockRoots() refuses a second engine on one data folder or one run folder, naming the process', async (t) => {
  const paths = await roots(t);
  const other = await roots(t);
  {
    using _locks = lockRoots(paths);
    await writeRunning(paths, { pid: process.pid, version: '1', startedAt: '' });
    const message = new RegExp(`the engine of process ${process.pid} runs on it`);
    assert.throws(() => lockRoots(paths), { code: 'DATA_ROOT_BUSY', message });
    const sameRun = { ...other, runLock: paths.runLock, runRoot: paths.runRoot };
    assert.throws(() => lockRoots(sameRun), { code: 'DATA_ROOT_BUSY', message: /run folder/ });
    lockRoots(other)[Symbol.dispose]();
  }
  lockRoots(paths)[Symbol.dispose]();
});

test('lockRoots() is free as soon as the process that held it is dead', async (t) => {
  const paths = await roots(t);
  const code = `import { lockRoots } from ${JSON.stringify(new URL('./lock.ts', import.meta.url))};
    globalThis.held = lockRoots(${JSON.stringify(paths)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.throws(() => lockRoots(paths), { code: 'DATA_ROOT_BUSY' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockRoots(paths)[Symbol.dispose]();
});

test('claimRunRoot() refuses the containers of another data folder, and takes over when there are none', async (t) => {
  const paths = await roots(t);
  const other = { ...paths, dataRoot: '/elsewhere' };
  const claim = (whose: EnginePaths, hasContainers: boolean) =>
    claimRunRoot(whose, { hasContainers: async () => hasContainers });
  await claim(other, true);
  await assert.rejects(claim(paths, true), { code: 'DATA_ROOT_BUSY', message: /data folder "\/elsewhere"/ });
  await claim(paths, false);
  await claim(paths, true);
});
