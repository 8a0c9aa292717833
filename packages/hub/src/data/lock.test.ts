import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { prepareDataFolder } from './data-folder.ts';
import { isDataFolderLocked, lockDataFolder } from './lock.ts';
import { type HubPaths, hubPaths } from './paths.ts';
import { writeRunning } from './running.ts';

describe('lockDataFolder()', () => {
  let root: string;
  let paths: HubPaths;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-lock-'));
    paths = hubPaths(root);
    await prepareDataFolder(paths);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('keeps a second Hub out, naming the first, until it is given back', async () => {
    const lock = await lockDataFolder(paths);
    await writeRunning(paths, { pid: 4711, url: 'http://localhost:5000', version: '1', startedAt: '' });
    await assert.rejects(lockDataFolder(paths), {
      code: 'DATA_FOLDER_BUSY',
      message: /process 4711, http:\/\/localhost:5000/,
    });
    lock[Symbol.dispose]();
    lock[Symbol.dispose]();
    (await lockDataFolder(paths))[Symbol.dispose]();
  });

  it('ends with the process that held it, however that ends', async () => {
    const script = `
      const { lockDataFolder } = await import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)});
      await lockDataFolder(${JSON.stringify(paths)});
      console.log('held');
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    assert.equal(isDataFolderLocked(paths), true);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    assert.equal(isDataFolderLocked(paths), false);
    (await lockDataFolder(paths))[Symbol.dispose]();
  });

  it('is not held where nobody ever ran', () => {
    assert.equal(isDataFolderLocked(hubPaths(join(root, 'nowhere'))), false);
  });
});
