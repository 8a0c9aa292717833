import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelRelease } from '@berth/linux';
import { chance, SEED } from '../crash/chance.ts';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { startServer } from '../lab/server.ts';
import { smallImage } from '../lab/small-image.ts';
import { openInTerminal } from './terminal.ts';

const IMAGE = 'small:1';
const WRITERS = ['one', 'two', 'three'] as const;
const CODES = { one: 11, two: 12, three: 13, served: 137, typed: 14, short: 15 } as const;

/** An adopted process is nobody's child: only since Linux 6.15 can its end be seen. Before, its exit code is not known. */
const { major, minor } = kernelRelease();
const SEES_ADOPTED = major > 6 || (major === 6 && minor >= 15);
const UNKNOWN = 255;
const ADOPTED: readonly string[] = ['two', 'three', 'served', 'typed'];

function expectedCode(name: keyof typeof CODES): number {
  return ADOPTED.includes(name) && !SEES_ADOPTED ? UNKNOWN : CODES[name];
}

/** A numbered line about every millisecond, on both streams in turn, until the file is there. */
const COUNTING =
  'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo "line $i"; i=$((i+1)); echo "line $i" >&2; [ $((i % 50)) -eq 0 ] && sleep 0.02; done; exit';

/** Answers each connection with a line. The perl and its modules are those of the lab. */
const SERVING = `use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die; while (my $c = $s->accept) { sysread($c, my $x, 100); syswrite($c, "answer\\n"); close $c }`;

/** One connection after the other until SIGTERM; then it prints how many answers came, and what did not. */
const ASKING = `
const { connect } = require('node:net');
let [answers, isOver, wake] = [0, false, () => {}];
const failures = [];
process.on('SIGTERM', () => { isOver = true; });
const ask = (host) => new Promise((done) => {
  let text = '';
  const socket = connect({ host, port: 8080 }, () => socket.write('x'));
  socket.setTimeout(10000, () => socket.destroy(new Error('no answer')));
  socket.on('data', (more) => { text += more; });
  socket.on('error', (error) => { failures.push(host + ' ' + error.message); });
  socket.on('close', () => { if (text === 'answer\\n') answers++; else failures.push(host + ' said ' + JSON.stringify(text)); done(); });
});
(async () => {
  console.log('asking');
  while (!isOver) {
    await ask('127.0.0.1');
    await ask(process.argv[1]);
    await new Promise((done) => setTimeout(done, 10));
  }
  console.log(JSON.stringify({ answers, failures }));
})();
`;

test('kill -9 of the engine, then of the monitor: all run on, the port answers, not a line is lost', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  t.diagnostic(`seed ${SEED}`);
  await engine.must(['import', (await smallImage(engine.lab)).tar, IMAGE]);
  await startAll(engine);
  const pids = await pidsOf(engine);
  const gateway = (
    await engine.must(['inspect', '--format', '{{.NetworkSettings.Gateway}}', 'served'])
  ).trim();
  await using client = await startServer(engine.netns.wrap(process.execPath, '-e', ASKING, gateway), {
    ready: (server) => server.stdout().includes('asking'),
  });

  await t.test('kill -9 of the engine, three times', async (inner) => {
    await using terminal = openInTerminal(
      engine.dockerCommand(['run', '-it', '--name', 'typed', IMAGE, 'sh', '-c', ECHOING]),
    );
    await terminal.until('ready');
    terminal.type('first\r');
    await terminal.until('got first');
    // What ends while there is no engine has its exit code all the same.
    await engine.must([
      'run',
      '--detach',
      '--name',
      'short',
      IMAGE,
      'sh',
      '-c',
      'sleep 1; echo last; exit 15',
    ]);
    await engine.kill();
    await terminal.ended();
    await sleep(1200);
    await engine.restart();
    assert.equal((await engine.must(['wait', 'short'])).trim(), String(CODES.short));
    assert.equal(await engine.must(['logs', 'short']), 'last\n');
    for (const round of [2, 3]) {
      await sleep(chance(`engine/${round}`) * 300);
      await engine.kill();
      await sleep(chance(`down/${round}`) * 300);
      await engine.restart();
    }
    await assertSame(engine, { ...pids, typed: (await pidsOf(engine)).typed ?? '' });
    await assertTerminal(engine, 'second');
    inner.diagnostic(`starts beside running containers: ${Math.round(engine.report.startMs)} ms`);
  });

  await t.test('docker wait from before a kill fails, one from after it has the code', async () => {
    const lost = engine.docker(['wait', 'one']);
    await sleep(300);
    await engine.kill();
    assert.notEqual((await lost).code, 0);
    await engine.restart();
    const waiting = engine.must(['wait', 'one']);
    await sleep(300);
    await stopWriter(engine, 'one');
    assert.equal((await waiting).trim(), String(CODES.one));
  });

  await t.test('kill -9 of the monitor, twice: a new one adopts', async () => {
    const before = await pidsOf(engine);
    for (const round of [1, 2]) {
      const monitor = await monitorPid(engine);
      await sleep(chance(`monitor/${round}`) * 300);
      assert.equal((await engine.inside('kill', ['-9', monitor])).code, 0);
      await until('another monitor', async () => (await monitorPid(engine)) !== monitor);
      await assertSame(engine, before);
      // Everything that goes through the monitor works.
      assert.equal(await engine.must(['exec', 'two', 'echo', `round ${round}`]), `round ${round}\n`);
      await assertTerminal(engine, `third-${round}`);
    }
  });

  await t.test('kill -9 of both at once: what needs no terminal runs on', async () => {
    await using terminal = openInTerminal(engine.dockerCommand(['attach', 'typed']));
    await typeUntil(terminal, { keys: 'end\r', wanted: 'bye' });
    await terminal.ended();
    const before = await pidsOf(engine);
    const monitor = await monitorPid(engine);
    await Promise.all([engine.kill(), engine.inside('kill', ['-9', monitor])]);
    await engine.restart();
    await assertSame(engine, before);
    assert.notEqual(await monitorPid(engine), monitor);
  });

  await t.test('every exit code is right, and no line is missing or there twice', async (inner) => {
    await stopWriter(engine, 'two');
    await stopWriter(engine, 'three');
    for (const name of WRITERS)
      assert.equal((await engine.must(['wait', name])).trim(), String(expectedCode(name)), name);
    assert.equal((await engine.must(['wait', 'typed'])).trim(), String(expectedCode('typed')));

    client.kill('SIGTERM');
    await client.exited();
    const said = JSON.parse(client.stdout().trim().split('\n').at(-1) ?? '') as {
      readonly answers: number;
      readonly failures: readonly string[];
    };
    assert.deepEqual(said.failures, []);
    assert.ok(said.answers > 100, `only ${said.answers} answers`);
    await engine.must(['kill', 'served']);
    assert.equal((await engine.must(['wait', 'served'])).trim(), String(expectedCode('served')));

    const counts: number[] = [];
    for (const name of WRITERS) counts.push(await assertCounted(engine, name));
    inner.diagnostic(`${said.answers} answers; ${counts.join(', ')} lines`);
    for (const name of Object.keys(CODES) as (keyof typeof CODES)[]) {
      const state = await engine.must([
        ...([
          'inspect',
          '--format',
          '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}',
          name,
        ] as const),
      ]);
      assert.equal(state.trim(), `exited ${expectedCode(name)} 0`, name);
    }
    await engine.must(['rm', ...Object.keys(CODES)]);
  });
});

const ECHOING =
  'echo ready; while read -r x; do echo "got $x"; [ "$x" = end ] && echo bye && exit 14; done; exit 1';

async function startAll(engine: TestEngine): Promise<void> {
  await Promise.all([
    ...WRITERS.map((name) =>
      engine.must([
        ...(['run', '--detach', '--name', name, '--log-opt', 'max-size=50m', IMAGE] as const),
        ...['sh', '-c', `${COUNTING} ${CODES[name]}`],
      ]),
    ),
    engine.must([
      ...([
        'run',
        '--detach',
        '--name',
        'served',
        '--publish',
        '8080:80',
        '--volume',
        '/usr:/usr:ro',
      ] as const),
      ...[IMAGE, 'perl', '-e', SERVING],
    ]),
  ]);
}

/** Number 1 of each container that runs, as the house numbers it, with its start. */
async function pidsOf(engine: TestEngine): Promise<Record<string, string>> {
  const ids = (await engine.must(['ps', '--quiet'])).trim().split('\n');
  const format = '{{.Name}} {{.State.Pid}} {{.State.StartedAt}} {{.State.Running}}';
  const lines = (await engine.must(['inspect', '--format', format, ...ids])).trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(1, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
}

/** The same processes run as before. */
async function assertSame(engine: TestEngine, before: Readonly<Record<string, string>>): Promise<void> {
  assert.deepEqual(await pidsOf(engine), before);
  for (const [name, line] of Object.entries(before)) {
    const ran = await engine.inside('kill', ['-0', line.split(' ')[0] ?? '']);
    assert.equal(ran.code, 0, `${name} is gone`);
  }
}

/** A terminal is attached, answers, and is left by its keys. */
async function assertTerminal(engine: TestEngine, word: string): Promise<void> {
  await using terminal = openInTerminal(engine.dockerCommand(['attach', 'typed']));
  await typeUntil(terminal, { keys: `${word}\r`, wanted: `got ${word}` });
  // Ctrl-P Ctrl-Q
  terminal.type('\x10\x11');
  await terminal.ended();
}

/** A client is attached a moment after it was started: a person sees nothing and types again. */
async function typeUntil(
  terminal: ReturnType<typeof openInTerminal>,
  { keys, wanted }: { readonly keys: string; readonly wanted: string },
): Promise<void> {
  for (let attempt = 0; !terminal.shown().includes(wanted); attempt += 1) {
    assert.ok(attempt < 60, `Typed in vain:\n${terminal.shown()}`);
    terminal.type(keys);
    await sleep(500);
  }
}

async function stopWriter(engine: TestEngine, name: string): Promise<void> {
  await engine.must(['exec', name, 'touch', '/stop']);
}

/** Both streams in one count: each line once, none missing. */
async function assertCounted(engine: TestEngine, name: string): Promise<number> {
  const { code, stdout, stderr } = await engine.docker(['logs', name]);
  assert.equal(code, 0);
  const numbers = (text: string): number[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => Number(/^line (\d+)$/.exec(line)?.[1] ?? assert.fail(`${name} has "${line}"`)));
  const [out, err] = [numbers(stdout), numbers(stderr)];
  assert.ok(out.length > 100, `only ${out.length} lines`);
  for (const [at, number] of out.entries()) assert.equal(number, 2 * at + 1, `${name}, stdout`);
  for (const [at, number] of err.entries()) assert.equal(number, 2 * at + 2, `${name}, stderr`);
  assert.equal(out.length, err.length);
  return out.length + err.length;
}

async function monitorPid(engine: TestEngine): Promise<string> {
  const path = join('/proc', String(engine.house.pid), 'root', engine.runRoot, 'monitor/monitor.pid');
  return (await readFile(path, 'utf8')).trim();
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (await look()) return;
    await sleep(50);
  }
  assert.fail(`Waited in vain for ${what}`);
}
