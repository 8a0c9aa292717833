import assert from 'node:assert/strict';
import { mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { kernelRelease } from '@berth/linux';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { smallImage } from '../lab/small-image.ts';
import { IMAGE, walls } from './docker-cases.ts';

type Cases = Readonly<Record<string, (engine: TestEngine, t: TestContext) => Promise<void>>>;

test('what a container sees and may do', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  await engine.must(['import', (await smallImage(engine.lab)).tar, IMAGE]);
  for (const [name, run] of Object.entries({ ...seen, ...walls, ...limits, ...given })) {
    await t.test(name, async (inner) => {
      await run(engine, inner);
      assert.equal(await engine.must(['ps', '--all', '--quiet']), '', 'a container was left');
    });
  }
});

/** Runs a script in a container that is removed. */
async function shell(engine: TestEngine, script: string, ...options: readonly string[]): Promise<string> {
  return (await engine.must(['run', '--rm', ...options, IMAGE, 'sh', '-c', script])).trimEnd();
}

const seen: Cases = {
  'it is number 1, among processes of its own only': async (engine) => {
    const script = 'echo $$; for one in /proc/[0-9]*; do basename $one; done; ps -e -o pid=,comm=';
    const [own, ...rest] = (await shell(engine, script)).split('\n');
    assert.equal(own, '1');
    const pids = rest.filter((line) => /^\d+$/.test(line));
    // The glob runs in the shell itself: nothing else lives.
    assert.deepEqual(pids, ['1']);
    const shown = rest.slice(pids.length).map((line) => line.trim().split(/ +/)[1]);
    assert.deepEqual(shown.sort(), ['ps', 'sh']);
  },

  'no process of the machine can be seen or reached by its number': async (engine) => {
    const script = [
      `[ -e /proc/${process.pid} ] && echo seen`,
      `kill -0 ${process.pid} 2>/dev/null && echo reached`,
      `kill -0 ${engine.house.pid} 2>/dev/null && echo reached`,
      'kill -9 -1 2>/dev/null; echo alive',
    ].join('; ');
    assert.equal(await shell(engine, script), 'alive');
    await engine.must(['version']);
  },

  'every namespace but the user’s is its own': async (engine) => {
    const names = ['pid', 'mnt', 'net', 'uts', 'ipc', 'user'];
    const script = names.map((name) => `readlink /proc/self/ns/${name}`).join('; ');
    // The kernel gives numbers again: both must live at the same time.
    const first = (await engine.must(['run', '--detach', '--rm', IMAGE, 'sleep', '1000'])).trim();
    const other = (await engine.must(['exec', first, 'sh', '-c', script])).trim().split('\n');
    const inside = (await shell(engine, script)).split('\n');
    await engine.must(['kill', first]);
    await engine.docker(['wait', first]);
    for (const [at, name] of names.entries()) {
      const outside = [
        await readlink(`/proc/self/ns/${name}`),
        await readlink(`/proc/${engine.house.pid}/ns/${name}`),
      ];
      if (name === 'user') {
        assert.ok(outside.includes(inside[at] ?? ''));
        continue;
      }
      assert.match(inside[at] ?? '', new RegExp(`^${name}:\\[\\d+\\]$`));
      assert.ok(!outside.includes(inside[at] ?? ''), `${name} is the machine's`);
      assert.notEqual(inside[at], other[at], `${name} is that of another container`);
    }
  },

  'host name, mounts and network are its own; the kernel is the machine’s': async (engine) => {
    const id = (
      await engine.must(['create', IMAGE, 'sh', '-c', 'uname -n; uname -r; cat /etc/hostname'])
    ).trim();
    const [node, release, file] = (await engine.must(['start', '--attach', id])).split('\n');
    assert.deepEqual([node, file], [id.slice(0, 12), id.slice(0, 12)]);
    assert.equal(release, kernelRelease().text);
    assert.equal(release, (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim());
    await engine.must(['rm', id]);

    const interfaces = await shell(engine, 'ls /sys/class/net');
    assert.deepEqual(interfaces.split('\n'), ['eth0', 'lo']);
    assert.equal(await shell(engine, 'ls /sys/class/net', '--network', 'none'), 'lo');
    const mounts = (await shell(engine, 'cat /proc/self/mountinfo'))
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
    const allowed = /^\/($|proc(\/|$)|sys(\/|$)|dev(\/|$)|etc\/(hosts|hostname|resolv\.conf)$)/;
    assert.deepEqual(
      mounts.filter((path) => !allowed.test(path)),
      [],
    );
    const [root] = (await shell(engine, 'head -1 /proc/self/mountinfo')).split('\n');
    assert.match(root ?? '', / \/ \/ .* - overlay /);
    assert.equal(await shell(engine, `[ -e ${engine.dataRoot} ] || echo gone`), 'gone');
  },

  'the network of the machine is not reached by its loopback': async (engine) => {
    const script = 'grep -c . /proc/net/tcp; cat /proc/net/unix | grep -c berth';
    // Only the heading.
    const ran = await engine.docker(['run', '--rm', IMAGE, 'sh', '-c', script]);
    assert.equal(ran.stdout, '1\n0\n');
  },
};

const limits: Cases = {
  '--read-only leaves what is mounted writable': async (engine) => {
    const script =
      'for one in / /etc /usr /root; do touch $one/x 2>/dev/null && echo $one; done; touch /dev/shm/x /v/x /t/x && echo ok';
    const options = ['--read-only', '--volume', '/v', '--tmpfs', '/t'];
    assert.equal(await shell(engine, script, ...options), 'ok');
  },

  'capabilities are Docker’s, and go when they are dropped': async (engine) => {
    const mask = async (...options: string[]): Promise<bigint> => {
      const text = await shell(engine, 'grep -E "^Cap(Eff|Bnd):" /proc/self/status', ...options);
      const [bounding, effective] = [...text.matchAll(/^Cap\w+:\s*([0-9a-f]+)$/gm)].map(([, hex]) => hex);
      assert.equal(bounding, effective);
      return BigInt(`0x${effective}`);
    };
    const standard = await mask();
    assert.equal(standard, 0xa80425fbn);
    for (const forbidden of [12, 16, 21, 19, 25]) {
      assert.equal((standard >> BigInt(forbidden)) & 1n, 0n, `capability ${forbidden}`);
    }
    assert.equal(await mask('--cap-drop', 'ALL'), 0n);
    assert.equal(await mask('--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE'), 1n << 10n);
    assert.equal(await mask('--cap-add', 'SYS_TIME'), standard | (1n << 25n));
    const dropped = await shell(engine, 'chown 5 /tmp 2>/dev/null || echo refused', '--cap-drop', 'CHOWN');
    assert.equal(dropped, 'refused');
  },

  'what tells of the machine in /proc and /sys is masked, what changes it read-only': async (engine) => {
    const script = [
      'for one in /proc/kcore /proc/keys /proc/timer_list /proc/latency_stats /proc/sched_debug; do [ -e $one ] && [ "$(head -c 1 $one | wc -c)" -ne 0 ] && echo shows $one; done',
      'for one in /proc/acpi /proc/scsi /sys/firmware; do [ -d $one ] && [ -n "$(ls -A $one)" ] && echo shows $one; done',
      'for one in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/default_smp_affinity; do [ -e $one ] && (: >> $one) 2>/dev/null && echo opens $one; done',
      '(: > /sys/kernel/x) 2>/dev/null && echo makes',
      'for one in /sys/fs/cgroup /sys/fs/cgroup/*; do [ -e $one/cgroup.procs ] && mkdir $one/x 2>/dev/null && echo cgroup $one; done; echo done',
    ].join('; ');
    assert.equal(await shell(engine, script), 'done');
  },
};

const given: Cases = {
  '-u, -w, -e and --env-file, the later winning': async (engine) => {
    const file = join(engine.folder, 'list.env');
    await writeFile(file, '# a comment\nFROM_FILE=one two\nBOTH=file\nHOST_ONE\n');
    const text = await shell(
      engine,
      'id -u; id -g; id -G; pwd; echo "$FROM_FILE|$BOTH|$EMPTY|$HOST_ONE|$HOME"',
      ...['--user', '1234:4321', '--group-add', '99', '--workdir', '/made/here'],
      ...['--env-file', file, '--env', 'BOTH=flag', '--env', 'EMPTY='],
    );
    assert.deepEqual(text.split('\n'), ['1234', '4321', '4321 99', '/made/here', 'one two|flag|||/']);
    assert.equal(await shell(engine, 'id -un; echo $HOME', '--user', 'root'), 'root\n/root');
    const nobody = await engine.docker(['run', '--rm', '--user', 'nonesuch', IMAGE, 'true']);
    assert.equal(nobody.code, 125);
    assert.match(nobody.stderr, /unable to find user nonesuch: no matching entries in passwd file/);
    await engine.docker(['container', 'prune', '--force']);
  },

  '--add-host, --dns and --hostname stand in the files': async (engine) => {
    const text = await shell(
      engine,
      'grep other /etc/hosts; grep " \\|\t" /etc/hosts | grep named; cat /etc/resolv.conf; uname -n',
      ...[
        '--add-host',
        'other:10.1.2.3',
        '--hostname',
        'named',
        '--dns',
        '9.9.9.9',
        '--dns-search',
        'example.org',
      ],
    );
    assert.match(text, /^10\.1\.2\.3\s+other$/m);
    assert.match(text, /^172\.\d+\.\d+\.\d+\s+named$/m);
    assert.match(text, /^nameserver 9\.9\.9\.9$/m);
    assert.match(text, /^search example\.org$/m);
    assert.match(text, /^named$/m);
  },

  '--tmpfs has its size and options': async (engine) => {
    const text = await shell(
      engine,
      'grep " /scratch " /proc/self/mountinfo; stat -c %a /scratch; dd if=/dev/zero of=/scratch/x bs=1k count=128 2>&1 | grep -c "No space"',
      ...['--tmpfs', '/scratch:size=64k,mode=1770,noexec'],
    );
    const [mount = '', mode, full] = text.split('\n');
    assert.match(mount, /noexec/);
    assert.match(mount, / - tmpfs tmpfs .*size=64k/);
    assert.deepEqual([mode, full], ['1770', '1']);
  },

  '--init reaps what its parent left, and passes signals on': async (engine) => {
    // The middle shell ends first, so its child belongs to number 1 and ends soon after.
    const script =
      'trap "exit 33" TERM; sh -c "sleep 0.1 & exit 0"; sleep 0.5; ps -e -o stat= | grep -c Z; echo ready; while :; do sleep 0.05; done';
    await engine.must(['run', '--detach', '--init', '--name', 'reaped', IMAGE, 'sh', '-c', script]);
    await engine.inside('sh', [
      '-c',
      `until ${engine.house.docker} --host unix://${engine.socketPath} logs reaped | grep -q ready; do sleep 0.1; done`,
    ]);
    assert.equal(await engine.must(['logs', 'reaped']), '0\nready\n');
    await engine.must(['stop', 'reaped']);
    assert.equal((await engine.must(['wait', 'reaped'])).trim(), '33');
    await engine.must(['rm', 'reaped']);
  },

  'volumes get what the image has there, with owners and modes, once': async (engine) => {
    await engine.must([
      ...(['run', '--name', 'maker', IMAGE, 'sh', '-c'] as const),
      'mkdir -p /data/sub && echo one > /data/a && ln -s a /data/link && chown 5:6 /data/a && chmod 640 /data/a && chmod 1777 /data && echo two > /data/sub/b',
    ]);
    await engine.must(['commit', 'maker', 'with-data']);
    await engine.must(['rm', 'maker']);
    const list = 'stat -c "%n %u:%g %a" /v /v/a /v/sub/b; readlink /v/link; cat /v/a /v/sub/b';
    const own = async (option: string, script: string) =>
      (await engine.must(['run', '--rm', '--volume', option, 'with-data', 'sh', '-c', script])).trimEnd();
    const found = 'a 5:6 640\n/data/sub/b 0:0 644\na\none\ntwo';
    assert.equal(await own('kept:/data', list.replaceAll('/v', '/data')), `/data 0:0 1777\n/data/${found}`);
    // The second time the volume has data of its own, and at another path another name.
    await own('kept:/data', 'echo changed > /data/a; rm /data/link');
    assert.equal(await own('kept:/data', 'cat /data/a; ls /data'), 'changed\na\nsub');
    assert.equal(await own('kept:/elsewhere:ro', 'cat /elsewhere/a'), 'changed');
    assert.equal(await own('fresh:/data:nocopy', 'ls -A /data'), '');
    const folder = join(engine.folder, 'bound');
    await mkdir(folder);
    await writeFile(join(folder, 'mine'), 'host\n');
    assert.equal(
      await own(`${folder}:/data`, 'ls /data; cat /data/mine; echo back > /data/out'),
      'mine\nhost',
    );
    assert.equal(await readFile(join(folder, 'out'), 'utf8'), 'back\n');
    await engine.must(['volume', 'rm', 'kept', 'fresh']);
    await engine.must(['rmi', 'with-data']);
  },
};
