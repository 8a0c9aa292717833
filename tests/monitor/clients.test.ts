import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Monitor } from '@berth/monitor';
import { readLogs } from '@berth/runtime';
import { openContainers } from '../lab/containers.ts';
import { watchForLeaks } from '../lab/leaks.ts';

const OUTPUT = { stdin: false, stdout: true, stderr: true } as const;
const MEBIBYTE = 1 << 20;

/** Of all that the process has: memory of its own, and its share of what others have too. */
async function pssOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss: +(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

async function exited(monitor: Monitor, count: number): Promise<void> {
  let seen = 0;
  for await (const _ of monitor.exits()) if (++seen === count) return;
}

test('containers whose output nobody reads cost the monitor no memory', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();
  const number = process.env.BERTH_SOAK === '1' ? 200 : 20;
  const script =
    'while [ ! -e /tmp/go ]; do sleep 0.1; done; seq -f "%.0f and some more text" 100000; exec sleep 1000';
  const ids = Array.from({ length: number }, (_, index) => `quiet-${index}`);
  const empty = await pssOf(monitor.pid);
  for (const id of ids) {
    await monitor.create(
      await box.bundle(id, ['sh', '-c', script], { log: { maxSizeBytes: 100_000, maxFiles: 2 } }),
    );
    await monitor.start(id);
  }
  const idle = await pssOf(monitor.pid);
  // Each writes 2.6 MB.
  const started = performance.now();
  const logs = ids.map((id) => join(box.folder, 'bundles', id, 'log.json'));
  await mkdir(join(box.folder, 'rootfs/tmp/go'));
  for (const path of logs) while (!(await lastLine(path)).startsWith('100000 ')) await sleep(100);
  const after = await pssOf(monitor.pid);
  t.diagnostic(
    `${number} containers: monitor ${mebibytes(empty)} MiB empty, ${mebibytes(idle)} idle, ${mebibytes(after)} after ` +
      `${(number * 2.6).toFixed(0)} MB of output in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  assert.ok(
    (idle - empty) / number < 1.5 * MEBIBYTE,
    `an idle container costs ${(idle - empty) / number} bytes`,
  );
  // What the collector has not taken yet, whatever the number of containers.
  assert.ok(after - idle < 24 * MEBIBYTE, `output that nobody reads costs ${after - idle} bytes`);
  for (const id of ids) await monitor.forget(id, { force: true });
  assert.deepEqual(box.faults, []);
  await monitor.shutDown();
  await assertNoLeaks();
});

async function lastLine(path: string): Promise<string> {
  for await (const { bytes } of readLogs({ path, tail: 1 })) return Buffer.from(bytes).toString();
  return '';
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}

test('a client of the foreground that reads slowly gets everything, and bounds what is kept for it', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();
  const streams = await monitor.attach('flood', OUTPUT);
  await monitor.create(await box.bundle('flood', ['sh', '-c', 'seq 1 3000000'], { log: { driver: 'none' } }));
  const before = await pssOf(monitor.pid);
  await monitor.start('flood');
  await sleep(1000);
  // 23 MB were there to be read, and somebody waits in a pipe.
  assert.ok((await pssOf(monitor.pid)) - before < 12 * MEBIBYTE);
  assert.equal((await monitor.list()).running.length, 1);
  let bytes = 0;
  let last = '';
  for await (const chunk of streams.output) {
    bytes += chunk.bytes.length;
    last = Buffer.from(chunk.bytes).toString();
  }
  assert.equal(bytes, 22_888_896);
  assert.ok(last.endsWith('3000000\n'));
  await monitor.forget('flood');
  await monitor.shutDown();
  await assertNoLeaks();
});

test('a watcher that takes nothing is let go with a reason; the process, the log and other clients go on', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();
  const container = await box.bundle('flood', ['sh', '-c', 'read x; seq 1 1500000'], { openStdin: true });
  await monitor.create(container);
  await monitor.start('flood');
  const stalled = await monitor.attach('flood', OUTPUT);
  const reading = await monitor.attach('flood', { ...OUTPUT, stdin: true });
  await reading.write(Buffer.from('go\n'));
  let bytes = 0;
  for await (const chunk of reading.output) bytes += chunk.bytes.length;
  assert.equal(bytes, 10_888_896);
  assert.ok((await lastLine(container.log.path)).endsWith('1500000\n'));
  await assert.rejects(
    (async () => {
      for await (const _ of stalled.output);
    })(),
    { code: 'CLIENT_TOO_SLOW' },
  );
  await exited(monitor, 1);
  await monitor.forget('flood');
  await monitor.shutDown();
  await assertNoLeaks();
});

test('clients that come and go, in the middle of anything, leave nothing behind', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();
  await monitor.create(await box.bundle('c', ['sh', '-c', 'while :; do echo x; sleep 0.001; done']));
  await monitor.start('c');
  const files = async (): Promise<number> => (await readdir(`/proc/${monitor.pid}/fd`)).length;
  const before = await files();
  for (let round = 0; round < 20; round++) {
    await using streams = await monitor.attach('c', OUTPUT);
    for await (const _ of streams.output) break;
    // One that never comes to be, and one that says what is no protocol.
    await using never = await monitor.attach(`never-${round}`, OUTPUT);
    await never.write(Buffer.from('lost'));
    const stranger = createConnection(join(box.runRoot, 'monitor/monitor.sock'));
    stranger.on('error', () => {});
    stranger.end('GET / HTTP/1.1\r\n\r\n');
    await sleep(5);
  }
  const abort = new AbortController();
  const aborted = await monitor.attach('c', { ...OUTPUT, signal: abort.signal });
  abort.abort(new Error('enough'));
  await assert.rejects(
    (async () => {
      for await (const _ of aborted.output);
    })(),
    /enough/,
  );
  for (let attempt = 0; (await files()) > before; attempt++) {
    assert.ok(attempt < 100, `${await files()} files are open, ${before} were`);
    await sleep(50);
  }
  await monitor.forget('c', { force: true });
  assert.deepEqual(box.faults, []);
  await monitor.shutDown();
  await assertNoLeaks();
});
