import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { makeNode } from './files.ts';
import { scratchFolder } from './scratch.fixture.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root: it makes devices';

test('denyWhiteoutDevices() holds for its thread and what it starts, and for nobody else', {
  skip,
}, async (t) => {
  const folder = scratchFolder(t);
  const worker = new Worker(new URL('./seccomp.child.ts', import.meta.url), { workerData: folder });
  const [found] = await once(worker, 'message');
  await once(worker, 'exit');
  assert.equal(found.whiteout, 'EPERM');
  assert.equal(found.other, 'made');
  assert.match(found.program, /not permitted/);
  makeNode(join(folder, 'mine'), { type: 'char', mode: 0, major: 0, minor: 0 });
  assert.deepEqual(readdirSync(folder).sort(), ['mine', 'other']);
});
