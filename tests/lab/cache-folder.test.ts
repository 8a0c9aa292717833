import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from './cache-folder.ts';

test('withLock() lets one work at a time, takes over from the dead, and leaves nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-lock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const lock = join(folder, 'x.lock');
  const gone = spawnSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).stdout.trim();
  await mkdir(lock);
  await writeFile(join(lock, 'pid'), gone);

  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(20);
    inside--;
  };
  await Promise.all([1, 2, 3].map(() => withLock(lock, { work })));
  assert.equal(most, 1);
  await assert.rejects(withLock(lock, { work: () => Promise.reject(new Error('broken')) }), /broken/);
  assert.deepEqual(await readdir(folder), []);
});
