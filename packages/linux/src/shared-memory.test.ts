import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mapSharedFile } from './index.ts';
import { scratchFolder } from './scratch.fixture.ts';

test('mapSharedFile() writes into the file at once, also when the process is killed in the same moment', (t) => {
  const path = join(scratchFolder(t), 'state');
  writeFileSync(path, Buffer.alloc(4096));
  const index = JSON.stringify(new URL('./index.ts', import.meta.url).href);
  const script = `
    const { mapSharedFile } = await import(${index});
    const { openSync } = await import('node:fs');
    const memory = mapSharedFile(openSync(${JSON.stringify(path)}, 'r+'), 4096);
    memory.set(Buffer.from('written'), 100);
    process.kill(process.pid, 'SIGKILL');
    while (true);`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(signal, 'SIGKILL');
  assert.equal(readFileSync(path).toString('utf8', 100, 107), 'written');
});

test('mapSharedFile() sees what others write, and outlives the file descriptor', (t) => {
  const path = join(scratchFolder(t), 'state');
  writeFileSync(path, Buffer.alloc(4096));
  const fd = openSync(path, 'r+');
  const memory = mapSharedFile(fd, 4096);
  closeSync(fd);
  const other = openSync(path, 'r+');
  writeFileSync(other, 'hello');
  closeSync(other);
  assert.equal(Buffer.from(memory.subarray(0, 5)).toString(), 'hello');
  assert.equal(memory.length, 4096);
});

test('mapSharedFile() refuses what would end the process at the first touch', (t) => {
  const path = join(scratchFolder(t), 'state');
  writeFileSync(path, Buffer.alloc(100));
  const fd = openSync(path, 'r+');
  t.after(() => closeSync(fd));
  for (const size of [101, 0, -1, Number.NaN]) {
    assert.throws(() => mapSharedFile(fd, size), { code: 'EINVAL' });
  }
  const readonly = openSync(path, 'r');
  t.after(() => closeSync(readonly));
  assert.throws(() => mapSharedFile(readonly, 100), { code: 'EACCES', class: 'denied' });
});
