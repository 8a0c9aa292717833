import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachedStreams, Monitor, MonitoredContainer, ProcessExit } from '@berth/monitor';
import { type OciProcess, readLogs } from '@berth/runtime';
import { openContainers } from '../lab/containers.ts';
import { watchForLeaks } from '../lab/leaks.ts';

const ALL = { stdin: false, stdout: true, stderr: true } as const;
const WITH_STDIN = { ...ALL, stdin: true } as const;

/** Everything that a stream gives, by stream. */
async function outputOf(streams: AttachedStreams): Promise<{ stdout: string; stderr: string }> {
  const all = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, bytes } of streams.output) all[stream].push(bytes);
  return { stdout: Buffer.concat(all.stdout).toString(), stderr: Buffer.concat(all.stderr).toString() };
}

async function exitOf(monitor: Monitor, id: string, execId?: string): Promise<ProcessExit> {
  for await (const exit of monitor.exits()) if (exit.id === id && exit.execId === execId) return exit;
  throw new Error('The monitor tells of no more exits');
}

/** Runs it to its end. */
async function run(monitor: Monitor, container: MonitoredContainer) {
  const streams = await monitor.attach(container.id, ALL);
  await monitor.create(container);
  await monitor.start(container.id);
  const [output, exit] = await Promise.all([outputOf(streams), exitOf(monitor, container.id)]);
  await monitor.forget(container.id);
  return { ...output, ...exit };
}

async function logOf(container: MonitoredContainer): Promise<string> {
  let text = '';
  for await (const { stream, bytes } of readLogs({ path: container.log.path }))
    text += `${stream}: ${Buffer.from(bytes).toString()}`;
  return text;
}

const execProcess = (args: readonly string[], more: Partial<OciProcess> = {}): OciProcess => ({
  terminal: false,
  user: { uid: 0, gid: 0 },
  args,
  env: ['PATH=/usr/bin'],
  cwd: '/',
  ...more,
});

test('a container writes, ends, and is gone', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();

  await t.test('exit code and both streams; the log has them when the exit is told', async () => {
    const container = await box.bundle('plain', ['sh', '-c', 'echo out; echo err >&2; exit 3']);
    const result = await run(monitor, container);
    assert.deepEqual([result.exitCode, result.isOomKilled], [3, false]);
    assert.deepEqual([result.stdout, result.stderr], ['out\n', 'err\n']);
    assert.match(await logOf(container), /^(stdout: out\nstderr: err\n|stderr: err\nstdout: out\n)$/);
  });

  await t.test('a large last output is in the log when the exit is told', async () => {
    const container = await box.bundle('large', ['sh', '-c', 'seq 1 200000']);
    await monitor.create(container);
    const exit = exitOf(monitor, 'large');
    await monitor.start('large');
    await exit;
    const lines = (await logOf(container)).trimEnd().split('\n');
    assert.equal(lines.length, 200_000);
    assert.equal(lines.at(-1), 'stdout: 200000');
    await monitor.forget('large');
  });

  for (const [signal, code] of [
    [9, 137],
    [15, 143],
  ] as const) {
    await t.test(`signal ${signal} ends with ${code}`, async () => {
      // Number 1 of a process namespace does not die of a signal that it has not asked for, but by SIGKILL.
      const container = await box.bundle('killed', [
        'sh',
        '-c',
        'trap "exit 143" TERM; echo up; while :; do sleep 0.02; done',
      ]);
      const streams = await monitor.attach('killed', ALL);
      await monitor.create(container);
      await monitor.start('killed');
      for await (const { bytes } of streams.output) {
        assert.equal(Buffer.from(bytes).toString(), 'up\n');
        await monitor.kill('killed', { signal });
        break;
      }
      assert.equal((await exitOf(monitor, 'killed')).exitCode, code);
      await monitor.forget('killed');
    });
  }

  await t.test(
    'a command that is not there is 127, one that cannot be run is 126; nothing is left',
    async () => {
      const cases = [
        [
          ['nosuch'],
          'COMMAND_NOT_FOUND',
          /^OCI runtime create failed: .*"nosuch": executable file not found in \$PATH/,
        ],
        [['/usr/bin/nosuch'], 'COMMAND_NOT_FOUND', /no such file or directory/],
        [['/usr/share'], 'COMMAND_NOT_EXECUTABLE', /permission denied|is a directory/],
      ] as const;
      for (const [args, code, words] of cases) {
        const streams = await monitor.attach('bad', ALL);
        await assert.rejects(
          monitor.create(await box.bundle('bad', args)),
          (error: Error & { code?: string; detail?: { output?: string } }) => {
            assert.equal(error.code, code);
            assert.match(error.detail?.output ?? '', words);
            return true;
          },
        );
        // Who waited for it is let go, and sees none of the runtime's words.
        assert.deepEqual(await outputOf(streams), { stdout: '', stderr: '' });
      }
      assert.deepEqual(await monitor.list(), { running: [], exited: [] });
    },
  );

  await t.test('past its memory the kernel kills it: 137 and isOomKilled', async () => {
    const result = await run(
      monitor,
      await box.bundle('oom', ['sh', '-c', 'exec tail /dev/zero'], {
        spec: { resources: { memoryBytes: 16 << 20 } },
      }),
    );
    assert.deepEqual([result.exitCode, result.isOomKilled], [137, true]);
  });

  await t.test('stdin: what was sent before it began, and its end', async () => {
    const container = await box.bundle('cat', ['sh', '-c', 'cat; echo end'], { openStdin: true });
    const streams = await monitor.attach('cat', WITH_STDIN);
    await streams.write(Buffer.from('early '));
    await monitor.create(container);
    await monitor.start('cat');
    const large = Buffer.alloc(3_000_000, 'x');
    const sent = (async () => {
      await streams.write(large);
      await streams.endInput();
    })();
    const { stdout } = await outputOf(streams);
    await sent;
    assert.equal(stdout, `early ${large.toString()}end\n`);
    await monitor.forget('cat');
  });

  await t.test(
    'stdin ends with the first client that leaves, if it is to; without stdin there is an end at once',
    async () => {
      const container = await box.bundle('once', ['sh', '-c', 'cat; echo end'], { openStdin: true });
      const leaving = await monitor.attach('once', WITH_STDIN);
      const staying = await monitor.attach('once', ALL);
      await monitor.create(container);
      await monitor.start('once');
      await leaving.write(Buffer.from('said\n'));
      for await (const _ of leaving.output) break;
      assert.deepEqual((await outputOf(staying)).stdout, 'said\nend\n');
      await monitor.forget('once');
      assert.equal((await run(monitor, await box.bundle('none', ['cat']))).exitCode, 0);
    },
  );

  await t.test('a terminal: size, input, Ctrl-C as a byte', async () => {
    const script = 'trap "echo int; exit 5" INT; stty size; echo ready; while :; do sleep 0.05; done';
    const container = await box.bundle('tty', ['sh', '-c', script], { terminal: true, openStdin: true });
    const streams = await monitor.attach('tty', WITH_STDIN);
    await monitor.create({ ...container, consoleSize: [33, 111] });
    await monitor.start('tty');
    let text = '';
    for await (const { stream, bytes } of streams.output) {
      assert.equal(stream, 'stdout');
      text += Buffer.from(bytes).toString();
      if (text.endsWith('ready\r\n')) await streams.write(Buffer.of(3));
    }
    assert.equal(text, '33 111\r\nready\r\n^Cint\r\n');
    assert.equal((await exitOf(monitor, 'tty')).exitCode, 5);
    assert.match(await logOf(container), /stdout: ready\r\n/);
    await monitor.forget('tty');
  });

  await t.test('a terminal is resized while its program runs', async () => {
    const script = 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done';
    const container = await box.bundle('resize', ['bash', '-c', script], { terminal: true, openStdin: true });
    const streams = await monitor.attach('resize', WITH_STDIN);
    await monitor.create(container);
    await monitor.start('resize');
    let text = '';
    for await (const { bytes } of streams.output) {
      text += Buffer.from(bytes).toString();
      if (text === 'ready\r\n') await monitor.resize('resize', { columns: 91, rows: 17 });
    }
    assert.equal(text, 'ready\r\n17 91\r\n');
    await monitor.forget('resize');
  });

  await t.test('exec: streams, stdin, exit code, terminal, errors; it ends with its container', async () => {
    await monitor.create(await box.bundle('host', ['sleep', '1000']));
    await monitor.start('host');
    const streams = await monitor.attach('host', { ...WITH_STDIN, execId: 'e1' });
    await monitor.exec('host', {
      execId: 'e1',
      process: execProcess(['sh', '-c', 'cat; echo err >&2; exit 7']),
      openStdin: true,
    });
    await streams.write(Buffer.from('hi\n'));
    await streams.endInput();
    assert.deepEqual(await outputOf(streams), { stdout: 'hi\n', stderr: 'err\n' });
    // Whoever sees the end of the stream can ask for the exit.
    const { exited } = await monitor.list();
    assert.deepEqual(
      exited.map(({ execId, exitCode }) => [execId, exitCode]),
      [['e1', 7]],
    );

    const terminal = await monitor.attach('host', { ...WITH_STDIN, execId: 'e2' });
    await monitor.exec('host', {
      execId: 'e2',
      process: execProcess(['sh', '-c', 'tty; stty size'], {
        terminal: true,
        consoleSize: { height: 10, width: 20 },
      }),
      openStdin: true,
    });
    assert.equal((await outputOf(terminal)).stdout, '/dev/pts/0\r\n10 20\r\n');

    await assert.rejects(
      monitor.exec('host', { execId: 'e3', process: execProcess(['nosuch']), openStdin: false }),
      { code: 'COMMAND_NOT_FOUND' },
    );
    await monitor.exec('host', { execId: 'e4', process: execProcess(['sleep', '1000']), openStdin: false });
    assert.equal((await monitor.pids('host')).length, 2);
    await monitor.kill('host', { signal: 9, execId: 'e4' });
    assert.equal((await exitOf(monitor, 'host', 'e4')).exitCode, 137);
    await monitor.exec('host', { execId: 'e5', process: execProcess(['sleep', '1000']), openStdin: false });
    await monitor.kill('host', { signal: 9 });
    assert.equal((await exitOf(monitor, 'host', 'e5')).exitCode, 137);
    assert.equal((await exitOf(monitor, 'host')).exitCode, 137);
    await assert.rejects(
      monitor.exec('host', { execId: 'e6', process: execProcess(['true']), openStdin: false }),
      { code: 'CONTAINER_ENDED' },
    );
    // A container may have an exec every few seconds: what engines were told of is not kept.
    while ((await monitor.list()).exited.some(({ execId }) => execId !== undefined)) await sleep(100);
    assert.deepEqual(await readdir(join(box.runRoot, 'monitor/containers/host/execs')), []);
    await monitor.forget('host');
    await assert.rejects(monitor.start('host'), { code: 'CONTAINER_UNKNOWN' });
  });

  await t.test('any user may open /dev/stdout and /dev/stderr', async () => {
    const spec = {
      process: {
        args: ['sh', '-c', 'echo out > /dev/stdout; echo err > /dev/stderr'],
        env: ['PATH=/usr/bin'],
        cwd: '/',
        user: { uid: 1000, gid: 1000, additionalGids: [1000], home: '/' },
        terminal: false,
      },
    };
    const { stdout, stderr } = await run(monitor, await box.bundle('opens', [], { spec }));
    assert.deepEqual([stdout, stderr], ['out\n', 'err\n']);
  });

  await t.test(
    'paused it does nothing, resumed it goes on; forgotten by force while paused it is gone',
    async () => {
      const container = await box.bundle('paused', [
        'sh',
        '-c',
        'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done',
      ]);
      await monitor.create(container);
      await monitor.start('paused');
      await monitor.pause('paused');
      const before = await logOf(container);
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.equal(await logOf(container), before);
      await monitor.resume('paused');
      const streams = await monitor.attach('paused', ALL);
      for await (const _ of streams.output) break;
      await monitor.pause('paused');
      await assert.rejects(monitor.forget('paused'), { code: 'CONTAINER_RUNNING' });
      await monitor.forget('paused', { force: true });
      assert.deepEqual((await monitor.list()).running, []);
    },
  );

  await t.test('in the process namespace of the machine nothing outlives init', async () => {
    const container = await box.bundle('shared', ['sh', '-c', 'sleep 1000 & echo $!'], {
      spec: {
        namespaces: { network: 'private', pid: 'host', ipc: 'private', uts: 'private', cgroup: 'host' },
      },
    });
    const { stdout, exitCode } = await run(monitor, container);
    assert.equal(exitCode, 0);
    await assert.rejects(readFile(`/proc/${Number(stdout)}/cmdline`), { code: 'ENOENT' });
  });

  await t.test('created and not started, it is forgotten by force; its name is free again', async () => {
    await monitor.create(await box.bundle('waiting', ['true']));
    await assert.rejects(monitor.create(await box.bundle('waiting', ['true'])), {
      code: 'CONTAINER_RUNNING',
    });
    await monitor.forget('waiting', { force: true });
    assert.equal((await exitOf(monitor, 'waiting')).exitCode, 137);
    assert.equal((await run(monitor, await box.bundle('waiting', ['true']))).exitCode, 0);
    await monitor.forget('waiting');
  });

  await t.test('an id that is a path is refused', async () => {
    for (const id of ['../x', 'a/b', '', '.', 'x'.repeat(129)])
      await assert.rejects(monitor.create({ ...(await box.bundle('ok', ['true'])), id }), {
        code: 'CONTAINER_ID_INVALID',
      });
  });

  await t.test('a container sees nothing of us: neither files nor environment', async () => {
    const { stdout } = await run(
      monitor,
      await box.bundle('clean', ['sh', '-c', 'ls /proc/self/fd | tr "\\n" " "; env | sort | tr "\\n" " "']),
    );
    // 3 is the folder that ls reads.
    assert.match(stdout, /^0 1 2 3 HOME=\/ LC_ALL=C\.UTF-8 PATH=\/usr\/sbin:\/usr\/bin PWD=\/ TERM=xterm $/);
  });

  assert.deepEqual(box.faults, []);
  await monitor.shutDown();
  await assertNoLeaks();
});
