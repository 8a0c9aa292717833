import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMountPoint, mountFileSystem, unmount } from '@berth/linux';
import { readLogs } from '@berth/runtime';
import { openContainers } from '../lab/containers.ts';
import { watchForLeaks } from '../lab/leaks.ts';

test('a full disk under the logs: the program goes on, what is lost is told, what is there is readable', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const disk = join(box.folder, 'disk');
  await mkdir(disk);
  mountFileSystem(disk, { type: 'tmpfs', source: 'tmpfs', data: 'size=256k' });
  using _mounted = { [Symbol.dispose]: () => isMountPoint(disk) && unmount(disk, { detach: true }) };
  const path = join(disk, 'log.json');
  await writeFile(join(disk, 'filler'), Buffer.alloc(128 * 1024));
  const monitor = await box.connect();
  const script = 'seq -f "first %.0f" 20000; read x; seq -f "second %.0f" 100; exit 3';
  const container = await box.bundle('c', ['sh', '-c', script], { openStdin: true, log: { path } });
  const streams = await monitor.attach('c', { stdin: true, stdout: true, stderr: true });
  await monitor.create(container);
  await monitor.start('c');
  let text = '';
  for await (const { bytes } of streams.output) {
    text += Buffer.from(bytes).toString();
    if (!text.endsWith('first 20000\n')) continue;
    // There is room again.
    await rm(join(disk, 'filler'));
    await streams.write(Buffer.from('\n'));
  }
  assert.equal(text.split('\n').length, 20_101);
  for await (const { id, exitCode } of monitor.exits()) {
    assert.deepEqual([id, exitCode], ['c', 3]);
    break;
  }
  const lines: string[] = [];
  for await (const { bytes } of readLogs({ path })) lines.push(Buffer.from(bytes).toString());
  assert.ok(lines.length > 500 && lines.length < 20_000, `${lines.length} lines`);
  assert.equal(lines[0], 'first 1\n');
  assert.deepEqual(
    lines.slice(-100),
    Array.from({ length: 100 }, (_, index) => `second ${index + 1}\n`),
  );
  assert.equal(box.faults.length, 1);
  assert.match(box.faults[0] ?? '', /write the log of "c": \d+ lines were lost: no room on the disk/);
  await monitor.forget('c');
  await monitor.shutDown();
  unmount(disk);
  await assertNoLeaks();
});
