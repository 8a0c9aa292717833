import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { enterPrivateMounts, warmThreadPool } from './index.ts';

const asRoot = { skip: process.getuid?.() === 0 ? false : 'mounting needs root' };

test(
  'enterPrivateMounts() lets a worker mount where nobody else sees it, until it ends',
  asRoot,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-private-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'everybody’s'), '');
    await warmThreadPool();
    const worker = new Worker(new URL('./private-mounts.child.ts', import.meta.url), { workerData: folder });
    const [seen] = await once(worker, 'message');
    assert.deepEqual(seen, ['mine']);
    assert.deepEqual(readdirSync(folder), ['everybody’s']);
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(folder));
    worker.postMessage('end');
    await once(worker, 'exit');
    assert.deepEqual(readdirSync(folder), ['everybody’s']);
  },
);

test('enterPrivateMounts() is refused on the main thread', () => {
  assert.throws(() => enterPrivateMounts(), { code: 'JAIL_REFUSED' });
});
