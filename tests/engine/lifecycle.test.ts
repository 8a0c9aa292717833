import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { smallImageBytes } from '../lab/small-image.ts';
import { execs, IMAGE, limits, removeContainers, runs, stateOf, told } from './docker-cases.ts';

type Cases = Readonly<Record<string, (engine: TestEngine, t: TestContext) => Promise<void>>>;

test('containers, from create to removed, by the docker command', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  await engine.must(['import', '-', IMAGE], { input: await smallImageBytes(engine.lab) });
  const cases: Cases = {
    ...{ ...runs, ...lifecycle, ...limits, ...settings },
    ...{ ...isolation, ...execs, ...telling, ...told },
  };
  for (const [name, run] of Object.entries(cases)) {
    await t.test(name, async (inner) => {
      try {
        await run(engine, inner);
      } finally {
        await removeContainers(engine);
      }
    });
  }
});

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await look()) return;
    await sleep(50);
  }
  assert.fail(`Waited in vain for ${what}`);
}

/** `--until` is cut to whole seconds by the client. */
async function untilTold(engine: TestEngine, action: string, words: RegExp): Promise<void> {
  const args = ['events', '--since', '1h', '--until', '0s', '--filter', `event=${action}`];
  await until(`the event ${action}`, async () => words.test(await engine.must(args)));
}

/** Runs it, and gives its output. */
async function output(engine: TestEngine, ...args: readonly string[]): Promise<string> {
  return (await engine.must(['run', '--rm', ...args])).trim();
}

const lifecycle: Cases = {
  'stop asks, waits and kills; a second one says that nothing runs': async (engine) => {
    await engine.must([
      'run',
      '--detach',
      '--name',
      'polite',
      IMAGE,
      'sh',
      '-c',
      'trap "exit 5" TERM; while :; do sleep 0.05; done',
    ]);
    await engine.must(['run', '--detach', '--name', 'deaf', IMAGE, 'sleep', '1000']);
    await engine.must(['stop', '--time', '10', 'polite']);
    assert.equal((await stateOf(engine, 'polite')).ExitCode, 5);
    await engine.must(['stop', '--time', '0', 'deaf']);
    assert.equal((await stateOf(engine, 'deaf')).ExitCode, 137);
    assert.equal((await engine.docker(['stop', 'deaf'])).code, 0);
  },

  'wait gives the exit code to all who wait, whatever for': async (engine) => {
    await engine.must(['run', '--detach', '--rm', '--name', 'short', IMAGE, 'sh', '-c', 'sleep 1; exit 9']);
    const codes = await Promise.all([engine.must(['wait', 'short']), engine.must(['wait', 'short'])]);
    assert.deepEqual(codes, ['9\n', '9\n']);
    await until('its removal', async () => (await engine.must(['ps', '--all', '--quiet'])) === '');
  },

  'a name is given to one of those who want it at once': async (engine) => {
    const tries = await Promise.all(
      Array.from({ length: 5 }, () => engine.docker(['create', '--name', 'wanted', IMAGE, 'true'])),
    );
    assert.deepEqual(tries.map(({ code }) => code).sort(), [0, 1, 1, 1, 1]);
    for (const { code, stderr } of tries) {
      if (code !== 0)
        assert.match(
          stderr,
          /Conflict\. The container name "\/wanted" is already in use by container "[0-9a-f]{64}"/,
        );
    }
  },

  'a container that runs is not removed without force, and 20 at once are started and removed': async (
    engine,
  ) => {
    const names = Array.from({ length: 20 }, (_, at) => `many-${at}`);
    const started = names.map((name) =>
      engine.must(['run', '--detach', '--name', name, IMAGE, 'sleep', '1000']),
    );
    assert.equal(new Set(await Promise.all(started)).size, 20);
    const refused = await engine.docker(['rm', 'many-0']);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /cannot remove container "\/many-0": container is running: stop the container before removing or force remove/,
    );
    await Promise.all(names.map((name) => engine.must(['rm', '--force', name])));
    assert.equal(await engine.must(['ps', '--all', '--quiet']), '');
  },

  'restart policies: on-failure counts, always goes on until it is stopped': async (engine) => {
    await engine.must(['run', '--detach', '--name', 'twice', '--restart', 'on-failure:2', IMAGE, 'false']);
    await until('the last try', async () => {
      const text = await engine.must(['inspect', '--format', '{{.RestartCount}} {{.State.Status}}', 'twice']);
      return text.trim() === '2 exited';
    });
    await engine.must([
      'run',
      '--detach',
      '--name',
      'on',
      '--restart',
      'always',
      IMAGE,
      'sh',
      '-c',
      'sleep 0.1',
    ]);
    await until('three restarts', async () => {
      return Number(await engine.must(['inspect', '--format', '{{.RestartCount}}', 'on'])) >= 3;
    });
    await engine.must(['stop', 'on']);
    const count = await engine.must(['inspect', '--format', '{{.RestartCount}}', 'on']);
    await sleep(700);
    assert.equal(await engine.must(['inspect', '--format', '{{.RestartCount}}', 'on']), count);
    assert.equal((await stateOf(engine, 'on')).Running, false);
  },

  'rename moves a name, and events tell of it': async (engine) => {
    await engine.must(['create', '--name', 'before', IMAGE, 'true']);
    await engine.must(['rename', 'before', 'after']);
    assert.equal((await engine.docker(['inspect', 'before'])).code, 1);
    await engine.must(['create', '--name', 'before', IMAGE, 'true']);
    const taken = await engine.docker(['rename', 'before', 'after']);
    assert.match(taken.stderr, /Error when allocating new name: Conflict\. The container name "\/after"/);
    await untilTold(engine, 'rename', /oldName=\/before/);
  },

  'commit makes an image of what was changed, with its changes': async (engine) => {
    await engine.must(['run', '--name', 'work', IMAGE, 'sh', '-c', 'echo made > /made; rm /usr/bin/wc']);
    assert.deepEqual((await engine.must(['diff', 'work'])).trim().split('\n'), [
      'A /made',
      'C /usr',
      'C /usr/bin',
      'D /usr/bin/wc',
    ]);
    await engine.must([
      'commit',
      '--change',
      'CMD ["cat", "/made"]',
      '--change',
      'ENV A=b',
      'work',
      'made:1',
    ]);
    assert.equal(await output(engine, 'made:1'), 'made');
    assert.equal(
      await output(engine, 'made:1', 'sh', '-c', 'echo $A; ls /usr/bin/wc 2>/dev/null || echo gone'),
      'b\ngone',
    );
    await engine.must(['rmi', 'made:1']);
  },
};

const settings: Cases = {
  'memory: past the limit the exit code is 137 and OOMKilled is true': async (engine) => {
    const ran = await engine.docker([
      ...(['run', '--name', 'eater', '--memory', '16m', IMAGE] as const),
      ...['sh', '-c', 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'],
    ]);
    assert.equal(ran.code, 137);
    assert.equal((await stateOf(engine, 'eater')).OOMKilled, true);
    await untilTold(engine, 'oom', /container oom/);
  },

  'environment, folder, user, host name, read-only root, tmpfs': async (engine) => {
    assert.equal(
      await output(
        engine,
        '--env',
        'A=1',
        '--workdir',
        '/new/folder',
        IMAGE,
        'sh',
        '-c',
        'echo $A $PWD $HOME',
      ),
      '1 /new/folder /root',
    );
    assert.equal(await output(engine, '--user', '7:8', IMAGE, 'id', '-u'), '7');
    assert.equal(
      await output(
        engine,
        '--hostname',
        'named',
        IMAGE,
        'sh',
        '-c',
        'read name < /etc/hostname; echo $name; uname -n',
      ),
      'named\nnamed',
    );
    const ro = await engine.docker([
      'run',
      '--rm',
      '--read-only',
      '--tmpfs',
      '/scratch',
      IMAGE,
      'sh',
      '-c',
      'touch /scratch/x && touch /y',
    ]);
    assert.equal(ro.code, 1);
    assert.match(ro.stderr, /Read-only file system/);
  },

  'a user number that is too large is no root (CVE-2024-40635)': async (engine) => {
    for (const user of ['4294967296', '4294967296:0', '-1', '99999999999999999999']) {
      const ran = await engine.docker(['run', '--rm', '--user', user, IMAGE, 'id']);
      assert.equal(ran.code, 125, user);
      assert.match(ran.stderr, /uids and gids must be in range/);
    }
  },

  '--init puts a process before it that reaps': async (engine) => {
    const shown = await output(
      engine,
      '--init',
      IMAGE,
      'sh',
      '-c',
      'tr "\\0" " " < /proc/1/cmdline; echo $$',
    );
    assert.match(shown, /^\/sbin\/docker-init -- sh -c .*\n?\d+$/s);
  },

  'named volumes keep and share data, anonymous ones go with --rm, and the image’s data is copied up': async (
    engine,
  ) => {
    assert.match(await output(engine, '--volume', 'copied:/etc', IMAGE, 'ls', '/etc'), /passwd/);
    await output(engine, '--volume', 'copied:/x', IMAGE, 'sh', '-c', 'echo kept > /x/kept');
    assert.equal(await output(engine, '--volume', 'copied:/y:ro', IMAGE, 'cat', '/y/kept'), 'kept');
    const readOnly = await engine.docker([
      'run',
      '--rm',
      '--volume',
      'copied:/y:ro',
      IMAGE,
      'touch',
      '/y/no',
    ]);
    assert.match(readOnly.stderr, /Read-only file system/);
    await output(engine, '--volume', '/anonymous', IMAGE, 'touch', '/anonymous/x');
    assert.equal((await engine.must(['volume', 'ls', '--quiet'])).trim(), 'copied');
    const inUse = await engine.must(['create', '--name', 'holder', '--volume', 'copied:/z', IMAGE, 'true']);
    assert.match(inUse, /^[0-9a-f]{64}/);
    assert.match((await engine.docker(['volume', 'rm', 'copied'])).stderr, /volume is in use/);
    await engine.must(['rm', 'holder']);
    await engine.must(['volume', 'rm', 'copied']);
  },

  'the network of another container, the machine’s, and none': async (engine) => {
    await engine.must([
      'run',
      '--detach',
      '--name',
      'lender',
      '--hostname',
      'lender',
      IMAGE,
      'sleep',
      '1000',
    ]);
    const own = await engine.must(['exec', 'lender', 'readlink', '/proc/self/ns/net']);
    assert.equal(
      await output(
        engine,
        '--network',
        'container:lender',
        IMAGE,
        'sh',
        '-c',
        'readlink /proc/self/ns/net; uname -n',
      ),
      `${own.trim()}\nlender`,
    );
    assert.notEqual(
      await output(engine, '--network', 'none', IMAGE, 'readlink', '/proc/self/ns/net'),
      own.trim(),
    );
    const nowhere = await engine.docker(['run', '--rm', '--network', 'nonesuch', IMAGE, 'true']);
    assert.equal(nowhere.code, 125);
    assert.match(nowhere.stderr, /network nonesuch not found/);
    assert.doesNotMatch(nowhere.stderr, /Unable to find image/);
  },

  'what Berth does not have is refused by name, and nothing is made': async (engine) => {
    for (const [args, words] of [
      [['--link', 'a:b'], /HostConfig\.Links \(--link\)/],
      [['--gpus', 'all'], /HostConfig\.DeviceRequests \(--gpus\)/],
      [['--health-cmd', 'true'], /health check/],
      [['--log-driver', 'syslog'], /log driver "syslog"/],
      [['--blkio-weight', '500'], /BlkioWeight/],
    ] as const) {
      const ran = await engine.docker(['run', ...args, IMAGE, 'true']);
      assert.equal(ran.code, 125, args.join(' '));
      assert.match(ran.stderr, words);
      assert.match(ran.stderr, /not implemented/);
    }
    assert.equal(await engine.must(['ps', '--all', '--quiet']), '');
  },

  'an image of another machine is refused when the platform is asked for': async (engine) => {
    const ran = await engine.docker([
      'create',
      '--pull',
      'never',
      '--platform',
      'linux/s390x',
      IMAGE,
      'true',
    ]);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /was found but does not provide the specified platform/);
  },
};

const isolation: Cases = {
  'own processes, host name, mounts and network; the kernel is the machine’s': async (engine) => {
    const script =
      'echo $$; ls -d /proc/[0-9]* | wc -l; cat /proc/net/dev | grep -c eth; uname -r; grep -c /tmp/berth /proc/self/mountinfo';
    const [pid, processes, interfaces, kernel, mounts] = (
      await output(engine, IMAGE, 'sh', '-c', script)
    ).split('\n');
    const machine = (await engine.inside('uname', ['-r'])).stdout.trim();
    assert.equal(pid, '1');
    assert.ok(Number(processes) <= 4, `${processes} processes are to be seen`);
    assert.deepEqual([interfaces, kernel], ['1', machine]);
    assert.ok(Number(mounts) <= 5);
  },

  'capabilities, masks and filters are Docker’s': async (engine) => {
    const caps = async (...args: string[]) =>
      /CapEff:\s*(\w+)/.exec(await output(engine, ...args, IMAGE, 'cat', '/proc/self/status'))?.[1];
    assert.equal(await caps(), '00000000a80425fb');
    assert.equal(await caps('--cap-drop', 'ALL'), '0000000000000000');
    assert.equal(await caps('--cap-drop', 'ALL', '--cap-add', 'CHOWN'), '0000000000000001');
    for (const command of [
      'mount -t tmpfs x /tmp',
      'cat /proc/kcore',
      'echo 1 > /proc/sys/kernel/panic',
      'mknod /dev/sda9 b 8 9 && head -c1 /dev/sda9',
    ]) {
      const ran = await engine.docker(['run', '--rm', IMAGE, 'sh', '-c', `${command} > /dev/null`]);
      if (command !== 'cat /proc/kcore') assert.notEqual(ran.code, 0, command);
      else assert.equal(ran.stdout, '');
    }
    assert.match(
      await output(
        engine,
        '--security-opt',
        'no-new-privileges',
        IMAGE,
        'grep',
        'NoNewPrivs',
        '/proc/self/status',
      ),
      /1$/,
    );
    assert.match(await output(engine, IMAGE, 'grep', 'Seccomp:', '/proc/self/status'), /2$/);
    assert.match(await output(engine, '--privileged', IMAGE, 'grep', 'Seccomp:', '/proc/self/status'), /0$/);
  },

  'no file of the engine is open in a container, nor its folder (CVE-2024-21626)': async (engine) => {
    const fds = await output(
      engine,
      IMAGE,
      'sh',
      '-c',
      'ls -l /proc/self/fd/ /proc/1/fd/; readlink /proc/1/cwd',
    );
    // Its own output is all that it has of the machine.
    assert.doesNotMatch(fds.replace(/\S+\/(stdout|stderr)$/gm, ''), /berth|overlay2|\.db|socket/);
    for (const at of [3, 7, 8, 9, 10]) {
      const ran = await engine.docker([
        'run',
        '--rm',
        '--workdir',
        `/proc/self/fd/${at}`,
        IMAGE,
        'sh',
        '-c',
        'cd ../../../../../..; ls',
      ]);
      assert.doesNotMatch(ran.stdout, /berth/);
    }
  },

  'users of the machine cannot look into layers (CVE-2021-41091)': async (engine) => {
    await engine.must(['run', '--detach', '--name', 'open', IMAGE, 'sleep', '1000']);
    for (const folder of ['storage', 'containers']) {
      assert.equal((await stat(`${engine.dataRoot}/${folder}`)).mode & 0o007, 0, folder);
    }
  },
};

const telling: Cases = {
  'events come in Docker’s order with Docker’s attributes': async (engine) => {
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await engine.must(['run', '--rm', '--name', 'told', '--label', 'a=b', IMAGE, 'true']);
    const format = '{{.Type}} {{.Action}} {{json .Actor.Attributes}}';
    await until(
      'the last event',
      async () =>
        (await engine.must([
          'events',
          '--since',
          since,
          '--until',
          '0s',
          '--filter',
          'event=destroy',
          '--filter',
          'container=told',
        ])) !== '',
    );
    const events = await engine.must(['events', '--since', since, '--until', '0s', '--format', format]);
    const lines = events
      .trim()
      .split('\n')
      .filter((line) => /"told"|network/.test(line))
      .slice(-7);
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 2).join(' ')),
      [
        'container create',
        'container attach',
        'network connect',
        'container start',
        'container die',
        'network disconnect',
        'container destroy',
      ],
    );
    const attributes = (at: number) =>
      JSON.parse(lines[at]?.split(' ').slice(2).join(' ') ?? '') as Record<string, string>;
    assert.deepEqual(attributes(0), { a: 'b', image: IMAGE, name: 'told' });
    assert.deepEqual(
      { ...attributes(4), execDuration: '' },
      { a: 'b', image: IMAGE, name: 'told', exitCode: '0', execDuration: '' },
    );
    assert.equal(attributes(2).name, 'bridge');
  },

  'logs: both streams, the last lines, since, and following to the end': async (engine) => {
    const script = 'i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo out $i; echo err $i >&2; sleep 0.02; done';
    await engine.must(['run', '--detach', '--name', 'chatty', IMAGE, 'sh', '-c', script]);
    const followed = await engine.docker(['logs', '--follow', 'chatty']);
    assert.equal(followed.stdout.trim().split('\n').length, 30);
    assert.equal(followed.stderr.trim().split('\n').length, 30);
    const last = await engine.docker(['logs', '--tail', '2', 'chatty']);
    assert.equal(last.stdout + last.stderr, 'out 30\nerr 30\n');
    assert.match(
      (await engine.docker(['logs', '--timestamps', '--tail', '1', 'chatty'])).stderr,
      /^\d{4}-\d\d-\d\dT\S+Z err 30\n$/,
    );
    const { code } = await engine.docker(['logs', '--follow', 'chatty']);
    assert.equal(code, 0, 'what does not run is not followed');
  },

  'attach before the start misses nothing, and input ends when its client does': async (engine) => {
    const shown = await engine.docker(['run', '--rm', '--interactive', IMAGE, 'cat'], {
      input: Buffer.from('echoed\n'),
    });
    assert.deepEqual([shown.code, shown.stdout], [0, 'echoed\n']);
    const burst = await engine.must(['run', '--rm', IMAGE, 'seq', '1', '20000']);
    assert.equal(burst, Array.from({ length: 20_000 }, (_, at) => `${at + 1}\n`).join(''));
  },
};
