import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelRelease } from '@berth/linux';
import { type Monitor, type MonitoredContainer, type ProcessExit, startMonitor } from '@berth/monitor';
import { readLogs } from '@berth/runtime';
import { type ContainerLab, monitorPid, openContainers } from '../lab/containers.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import type { EngineJob } from './engine.child.ts';

const seed = Number(process.env.BERTH_SEED ?? Date.now() % 1_000_000);
let state = seed;
/** 0 up to 1, the same for the same seed. */
function chance(): number {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  return state / 2 ** 31;
}

/** Counts up, a line about every millisecond, until the file `stop` is there. */
const COUNTING =
  'i=0; while [ ! -e /tmp/stop-$0 ]; do i=$((i+1)); echo "line $i"; [ $((i % 50)) -eq 0 ] && sleep 0.02; done; exit 9';

async function linesOf(container: MonitoredContainer): Promise<string[]> {
  const lines: string[] = [];
  for await (const { bytes } of readLogs({ path: container.log.path }))
    lines.push(Buffer.from(bytes).toString());
  return lines;
}

async function assertCounted(container: MonitoredContainer): Promise<void> {
  const lines = await linesOf(container);
  assert.ok(lines.length > 50, `only ${lines.length} lines`);
  for (const [index, line] of lines.entries()) assert.equal(line, `line ${index + 1}\n`, `seed ${seed}`);
}

async function stop(box: ContainerLab, id: string): Promise<void> {
  await mkdir(join(box.folder, 'rootfs/tmp', `stop-${id}`), { recursive: true });
}

function collectExits(monitor: Monitor): {
  readonly exits: ProcessExit[];
  until(count: number): Promise<void>;
} {
  const exits: ProcessExit[] = [];
  let wake = (): void => {};
  void (async () => {
    for await (const exit of monitor.exits()) {
      exits.push(exit);
      wake();
    }
  })();
  return {
    exits,
    async until(count) {
      while (exits.length < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
  };
}

/** An engine in a process of its own that has started these. */
async function startEngine(t: TestContext, job: EngineJob) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'engine.child.ts'), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(said.toString(), 'started\n');
  return {
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function killMonitor(box: ContainerLab): Promise<void> {
  const pid = await monitorPid(box.runRoot);
  process.kill(pid, 'SIGKILL');
}

test('kill -9 of the engine: containers run on, not a line is lost, exits are told to the next one', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const containers = [
    await box.bundle('a', ['sh', '-c', COUNTING, 'a']),
    await box.bundle('b', ['sh', '-c', COUNTING, 'b']),
    await box.bundle('short', ['sh', '-c', 'sleep 0.2; echo "line 1"; exit 4']),
    await box.bundle('tty', ['sh', '-c', 'echo ready; read x; echo "got $x"; exit 6'], {
      terminal: true,
      openStdin: true,
    }),
  ];
  const engine = await startEngine(t, { runRoot: box.runRoot, runtime: box.runtime, containers });
  const before = await monitorPid(box.runRoot);
  await engine.kill();
  // Meanwhile nobody listens, and one of them ends.
  await sleep(400);
  const monitor = await box.connect();
  assert.equal(monitor.pid, before);
  const { exits, until } = collectExits(monitor);
  await until(1);
  assert.deepEqual([exits[0]?.id, exits[0]?.exitCode], ['short', 4]);
  const streams = await monitor.attach('tty', { stdin: true, stdout: true, stderr: true });
  await streams.write(Buffer.from('hello\n'));
  let text = '';
  for await (const { bytes } of streams.output) text += Buffer.from(bytes).toString();
  assert.equal(text, 'hello\r\ngot hello\r\n');
  await stop(box, 'a');
  await stop(box, 'b');
  await until(4);
  assert.deepEqual(exits.map(({ id, exitCode }) => `${id} ${exitCode}`).sort(), [
    'a 9',
    'b 9',
    'short 4',
    'tty 6',
  ]);
  for (const container of containers.slice(0, 2)) await assertCounted(container);
  // Told again to whoever comes, until it is forgotten.
  const other = await box.connect();
  assert.equal((await other.list()).exited.length, 4);
  for (const { id } of containers) await monitor.forget(id);
  assert.deepEqual(await other.list(), { running: [], exited: [] });
  assert.deepEqual(box.faults, []);
  await other[Symbol.asyncDispose]();
  await monitor.shutDown();
  await assertNoLeaks();
});

test('kill -9 of the monitor, again and again: a new one adopts, not a line is lost or there twice', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  let replaced = 0;
  let wake = (): void => {};
  const monitor = await box.connect({
    onReplaced: () => {
      replaced++;
      wake();
    },
  });
  const { exits, until } = collectExits(monitor);
  const counting = await Promise.all(
    ['a', 'b', 'c'].map((id) =>
      box.bundle(id, ['sh', '-c', COUNTING, id], { log: { maxSizeBytes: 200_000, maxFiles: 50 } }),
    ),
  );
  const others = [
    await box.bundle(
      'tty',
      ['sh', '-c', 'while read x; do echo "got $x"; [ "$x" = end ] && exit 6; done; exit 1'],
      {
        terminal: true,
        openStdin: true,
      },
    ),
    await box.bundle('cat', ['sh', '-c', 'cat; exit 7'], { openStdin: true }),
  ];
  for (const container of [...counting, ...others]) {
    await monitor.create(container);
    await monitor.start(container.id);
  }
  const tty = await monitor.attach('tty', { stdin: true, stdout: true, stderr: true });
  const cat = await monitor.attach('cat', { stdin: true, stdout: true, stderr: true });
  const seen = { tty: '', cat: '' };
  const readers = Promise.all(
    (['tty', 'cat'] as const).map(async (id) => {
      for await (const { bytes } of (id === 'tty' ? tty : cat).output)
        seen[id] += Buffer.from(bytes).toString();
    }),
  );
  for (let round = 1; round <= 6; round++) {
    await sleep(20 + chance() * 150);
    const back = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await killMonitor(box);
    await back;
    assert.equal(replaced, round);
    assert.equal(monitor.pid, await monitorPid(box.runRoot));
    assert.deepEqual((await monitor.list()).running.map(({ id }) => id).sort(), [
      'a',
      'b',
      'c',
      'cat',
      'tty',
    ]);
  }
  // Terminals and inputs go on: attached streams came back by themselves.
  await writeUntil(
    () => seen.tty.includes('got again'),
    () => tty.write(Buffer.from('again\n')),
  );
  await monitor.resize('tty', { columns: 50, rows: 20 });
  await writeUntil(
    () => seen.cat.includes('again'),
    () => cat.write(Buffer.from('again\n')),
  );
  await tty.write(Buffer.from('end\n'));
  await cat.endInput();
  for (const { id } of counting) await stop(box, id);
  await readers;
  await until(5);
  const codes: Readonly<Record<string, number>> = { a: 9, b: 9, c: 9, tty: 6, cat: 7 };
  for (const { id, exitCode } of exits) assertSeenOrUnknown(exitCode, codes[id] ?? -1);
  for (const container of counting) await assertCounted(container);
  for (const { id } of [...counting, ...others]) await monitor.forget(id);
  assert.deepEqual(box.faults, []);
  await monitor.shutDown();
  await assertNoLeaks();
});

/** The parent of an adopted process is another one. Since Linux 6.15 we can see its end nevertheless; else it is unknown, never 0. */
function assertSeenOrUnknown(exitCode: number | undefined, expected: number): void {
  const { major, minor } = kernelRelease();
  const isKept = major > 6 || (major === 6 && minor >= 15);
  assert.ok(exitCode === undefined || exitCode === expected, `${exitCode}`);
  if (isKept) assert.equal(exitCode, expected);
}

/** Input on its way when the monitor died is lost, as it would be with any terminal; a person types again. */
async function writeUntil(isDone: () => boolean, write: () => Promise<void>): Promise<void> {
  for (let attempt = 0; !isDone(); attempt++) {
    assert.ok(attempt < 100, 'the stream did not come back');
    await write();
    await sleep(50);
  }
}

/** What the monitor has written down, whichever it is. */
async function stateOf(box: ContainerLab, id: string): Promise<{ readonly exit?: unknown }> {
  return JSON.parse(await readFile(join(box.runRoot, 'monitor/containers', id, 'state.json'), 'utf8'));
}

test('what a container writes and how it ends while there is no monitor', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const container = await box.bundle('c', ['sh', '-c', 'echo one; sleep 0.3; echo two; exit 5']);
  const job = { runRoot: box.runRoot, runtime: box.runtime, containers: [container] };
  const engine = await startEngine(t, job);
  await killMonitor(box);
  // This engine holds copies of the FIFOs, and brings a monitor back that reads what is left in them.
  while ((await stateOf(box, 'c')).exit === undefined) await sleep(50);
  assert.deepEqual(await linesOf(container), ['one\n', 'two\n']);
  await engine.kill();
  const monitor = await box.connect();
  const { exits, until } = collectExits(monitor);
  await until(1);
  // It may have ended while there was nobody at all.
  assert.ok(exits[0]?.exitCode === undefined || exits[0].exitCode === 5);
  await monitor.forget('c');
  await monitor.shutDown();
  await assertNoLeaks();
});

test('engine and monitor killed at once: the next engine finds its containers and their output', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const container = await box.bundle('a', ['sh', '-c', COUNTING, 'a']);
  const engine = await startEngine(t, {
    runRoot: box.runRoot,
    runtime: box.runtime,
    containers: [container],
  });
  await Promise.all([engine.kill(), killMonitor(box)]);
  await sleep(300);
  const monitor = await box.connect();
  const { until } = collectExits(monitor);
  await sleep(200);
  await stop(box, 'a');
  await until(1);
  await assertCounted(container);
  await monitor.forget('a');
  await monitor.shutDown();
  await assertNoLeaks();
});

test('an engine killed between create and start: what it made is taken away', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const waiting = await box.bundle('waiting', ['sleep', '1000']);
  const job = { runRoot: box.runRoot, runtime: box.runtime, containers: [], created: [waiting] };
  const engine = await startEngine(t, job);
  const monitor = await box.connect();
  const { until } = collectExits(monitor);
  assert.equal((await monitor.pids('waiting')).length, 1);
  await engine.kill();
  await until(1);
  while (await exists(join(box.runRoot, 'monitor/containers/waiting'))) await sleep(20);
  assert.equal(await exists(join(box.runRoot, 'runtime/waiting')), false);
  await monitor.shutDown();
  await assertNoLeaks();
});

test('kill -9 of the monitor at any moment of a create or an exec leaves nothing half-made', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();
  const rounds = process.env.BERTH_SOAK === '1' ? 60 : 8;
  for (let round = 0; round < rounds; round++) {
    const container = await box.bundle('c', ['sleep', '1000']);
    const creating = monitor.create(container).then(
      () => true,
      (error) => {
        assert.equal(error.code, 'MONITOR_LOST');
        return false;
      },
    );
    await sleep(chance() * 60);
    await killMonitor(box);
    if (await creating) {
      // Made before the kill, it may be started by the next one.
      await monitor.list();
      await monitor.start('c');
    }
    await monitor.forget('c', { force: true });
    const { running } = await monitor.list();
    assert.deepEqual(running, []);
    assert.equal(await exists(join(box.runRoot, 'runtime/c')), false, `round ${round}, seed ${seed}`);
  }
  await monitor.create(await box.bundle('host', ['sleep', '1000']));
  await monitor.start('host');
  for (let round = 0; round < rounds; round++) {
    const execId = `e${round}`;
    const process = {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['sleep', '1000'],
      env: ['PATH=/usr/bin'],
      cwd: '/',
    };
    const starting = monitor.exec('host', { execId, process, openStdin: false }).then(
      () => true,
      () => false,
    );
    await sleep(chance() * 60);
    await killMonitor(box);
    const isThere = await starting;
    const listed = (await monitor.list()).running.some((one) => one.execId === execId);
    // Whoever was told nothing may find it all the same, by its name.
    if (isThere) assert.ok(listed);
    if (listed) await monitor.kill('host', { execId, signal: 9 });
    // What nobody knows of does not run.
    for (let attempt = 0; (await monitor.pids('host')).length > 1; attempt++) {
      assert.ok(attempt < 200, `round ${round}, seed ${seed}`);
      await sleep(20);
    }
  }
  await monitor.forget('host', { force: true });
  assert.deepEqual(box.faults, []);
  await monitor.shutDown();
  await assertNoLeaks();
});

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

test('a monitor of another version is refused with a sentence that names both', async (t) => {
  const box = await openContainers(t);
  if (box === undefined) return;
  const runRoot = join(box.folder, 'other');
  await mkdir(join(runRoot, 'monitor'), { recursive: true });
  const server = createServer((socket: Socket) => socket.end('{"berth-monitor":7}\n'));
  server.listen(join(runRoot, 'monitor/monitor.sock'));
  await once(server, 'listening');
  t.after(() => server.close());
  await assert.rejects(startMonitor({ runRoot, runtime: box.runtime }), {
    code: 'MONITOR_VERSION',
    message:
      'Cannot talk to the monitor: it speaks version 7 of their protocol, this engine speaks version 1',
  });
});

test('it does not end while something runs, and does when nothing does', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();
  await monitor.create(await box.bundle('c', ['sleep', '1000']));
  await monitor.start('c');
  await assert.rejects(monitor.shutDown(), { code: 'MONITOR_BUSY' });
  await monitor.forget('c', { force: true });
  const { pid } = monitor;
  await monitor.shutDown();
  await assert.rejects(readFile(`/proc/${pid}/cmdline`, 'utf8'), { code: 'ENOENT' });
  await assert.rejects(monitor.list(), { code: 'MONITOR_CLOSED' });
  await assertNoLeaks();
});

test('with nothing to do and nobody to ask, it ends by itself; containers keep it', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const first = await box.connect();
  const idle = first.pid;
  await first[Symbol.asyncDispose]();
  while (await exists(`/proc/${idle}`)) await sleep(100);
  const second = await box.connect();
  assert.notEqual(second.pid, idle);
  await second.create(await box.bundle('c', ['sleep', '1000']));
  await second.start('c');
  const busy = second.pid;
  await second[Symbol.asyncDispose]();
  await sleep(12_000);
  const third = await box.connect();
  assert.equal(third.pid, busy);
  await third.forget('c', { force: true });
  await third.shutDown();
  await assertNoLeaks();
});
