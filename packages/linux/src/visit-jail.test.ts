import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { enterPrivateMounts, visitJail, warmThreadPool } from './index.ts';
import { countMounts, scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';
import type { Visits } from './visit-jail.child.ts';

test('visitJail() goes in and comes back, again and again; private mounts are seen in the jail and nowhere else', async (t) => {
  if (skipUnlessRoot(t, 'it changes the root of a thread')) return;
  const folder = scratchFolder(t);
  const folders = [join(folder, 'a'), join(folder, 'b')] as const;
  for (const path of folders) {
    mkdirSync(path);
    writeFileSync(join(path, 'name'), path);
  }
  const outside = join(folder, 'outside');
  writeFileSync(outside, '');
  await warmThreadPool();
  const workerData: Visits = { folders, outside };
  const worker = new Worker(new URL('./visit-jail.child.ts', import.meta.url), { workerData });
  const exit = once(worker, 'exit');
  const [seen] = await once(worker, 'message');
  assert.equal(countMounts(folder), 0);
  assert.deepEqual(await exit, [0]);
  assert.deepEqual(seen, {
    first: ['made name', false, false, false],
    second: ['made name', false, false, false],
    mode: '777',
    home: [true, '/', process.umask().toString(8)],
    nested: 'JAIL_REFUSED',
    thrown: 'inside',
    nowhere: 'ENOENT',
    stillHome: true,
    volume: folders[1],
  });
  assert.deepEqual(readdirSync(join(folders[0], 'volume')), []);
});

test('visitJail() and enterPrivateMounts() refuse the main thread', async () => {
  await warmThreadPool();
  const expected = { code: 'JAIL_REFUSED', class: 'failedPrecondition', message: /main thread/ };
  await assert.rejects(
    visitJail('/', async () => 'went in'),
    expected,
  );
  assert.throws(() => enterPrivateMounts(), expected);
});
