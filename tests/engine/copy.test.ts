import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTarEntry, type TarEntry, type TarInput, writeTar } from '@berth/oci';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { smallImageBytes } from '../lab/small-image.ts';
import { callApi } from './api-client.ts';

const IMAGE = 'small:1';

type Cases = Readonly<Record<string, (engine: TestEngine, t: TestContext) => Promise<void>>>;

test('docker cp and export', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  await engine.must(['import', '-', IMAGE], { input: await smallImageBytes(engine.lab) });
  for (const [name, run] of Object.entries({ ...copies, ...attacks })) {
    await t.test(name, async (inner) => {
      const mounts = await mountLines(engine);
      try {
        await run(engine, inner);
      } finally {
        const left = (await engine.must(['ps', '--all', '--quiet'])).trim();
        if (left !== '') await engine.must(['rm', '--force', '--volumes', ...left.split('\n')]);
      }
      assert.deepEqual(await mountLines(engine), mounts, 'nothing stays mounted');
    });
  }
});

async function mountLines(engine: TestEngine): Promise<readonly string[]> {
  const { stdout } = await engine.inside('cat', ['/proc/self/mountinfo']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .sort();
}

/** A tar into a container's folder; the answer as it comes. */
async function put(
  engine: TestEngine,
  options: {
    readonly name: string;
    readonly path: string;
    readonly entries: readonly Partial<TarEntry>[];
    readonly query?: string;
  },
) {
  const inputs = options.entries.map((entry): TarInput => {
    const content = entry.type === 'file' ? Buffer.from('hostile\n') : Buffer.alloc(0);
    const whole = makeTarEntry({ type: 'file', path: 'x', ...entry, size: content.length });
    return entry.type === 'file' ? { entry: whole, content: [content] } : { entry: { ...whole, size: 0 } };
  });
  const body = Buffer.concat(await Array.fromAsync(writeTar(inputs)));
  return await callApi(engine.socketPath, {
    method: 'PUT',
    path: `/containers/${options.name}/archive?path=${encodeURIComponent(options.path)}${options.query ?? ''}`,
    body,
    headers: { 'content-type': 'application/x-tar' },
  });
}

/** Files of the machine that no container may change. */
async function sentinels(engine: TestEngine): Promise<{ readonly folder: string; check(): Promise<void> }> {
  const folder = join(engine.folder, 'sentinel');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'file'), 'the machine’s\n');
  const before = (
    await engine.inside('sh', ['-c', `cat /etc/passwd; ls -laR ${folder} /etc | sed 's/^d.*//'`])
  ).stdout;
  return {
    folder,
    check: async () => {
      assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'the machine’s\n');
      const now = (
        await engine.inside('sh', ['-c', `cat /etc/passwd; ls -laR ${folder} /etc | sed 's/^d.*//'`])
      ).stdout;
      assert.equal(now, before);
    },
  };
}

async function running(engine: TestEngine, name: string, ...args: readonly string[]): Promise<void> {
  await engine.must(['run', '--detach', '--name', name, ...args]);
}

const copies: Cases = {
  'files, folders, links, hard links and their attributes come out as they are': async (engine) => {
    const script = [
      'mkdir -p /d/sub; echo one > /d/file; ln /d/file /d/again; ln -s sub /d/link; ln -s nowhere /d/dangling',
      'chown 12:34 /d/file; chmod 4750 /d/file; touch -d @1000000000.5 /d/sub; sleep 1000',
    ].join(';');
    await running(engine, 'source', IMAGE, 'sh', '-c', script);
    await engine.inside('sleep', ['0.5']);
    const out = join(engine.folder, 'out');
    await engine.must(['cp', '--archive', 'source:/d', out]);
    const look = `cd ${out}; stat -c '%n %a %h %s' file again; readlink link dangling; stat -c %Y sub; cat again`;
    const shown = (await engine.inside('sh', ['-c', look])).stdout;
    assert.equal(shown, 'file 4750 2 4\nagain 4750 2 4\nsub\nnowhere\n1000000000\none\n');
    const tar = await callApi(engine.socketPath, { path: '/containers/source/archive?path=/d' });
    const stat = JSON.parse(
      Buffer.from(String(tar.headers['x-docker-container-path-stat']), 'base64').toString(),
    );
    assert.deepEqual([stat.name, stat.mode, stat.linkTarget], ['d', 2 ** 31 + 0o755, '']);
    const listing = [
      'sh',
      [
        '-c',
        `curl -s --unix-socket ${engine.socketPath} 'http://x/containers/source/archive?path=/d' | tar -tv --numeric-owner`,
      ],
    ] as const;
    assert.match((await engine.inside(...listing)).stdout, /^-rwsr-x--- 12\/34 +4 .* d\/again$/m);
    assert.equal((await engine.must(['cp', 'source:/d/link/../file', '-'])).includes('one'), true);
  },

  'what comes in is there, with owner and mode, in running and in stopped containers': async (engine) => {
    const from = join(engine.folder, 'in');
    await mkdir(join(from, 'deep'), { recursive: true });
    await writeFile(join(from, 'deep/file'), 'brought\n', { mode: 0o640 });
    await running(engine, 'target', IMAGE, 'sleep', '1000');
    await engine.must(['cp', from, 'target:/tmp/placed']);
    assert.equal(await engine.must(['exec', 'target', 'cat', '/tmp/placed/deep/file']), 'brought\n');
    await engine.must(['stop', '--time', '0', 'target']);
    await engine.must(['cp', `${from}/deep/file`, 'target:/etc/new']);
    await engine.must(['start', 'target']);
    assert.equal(await engine.must(['exec', 'target', 'stat', '-c', '%a %u', '/etc/new']), '640 0\n');
    assert.match((await engine.docker(['cp', from, 'target:/etc/new'])).stderr, /cannot copy directory/);
    const nowhere = await engine.docker(['cp', `${from}/deep/file`, 'target:/no/where']);
    assert.match(nowhere.stderr, /Could not find the file \/no in container target/);
    assert.match(
      (await engine.docker(['cp', 'target:/nope', '-'])).stderr,
      /Could not find the file \/nope in container target/,
    );
  },

  'volumes, binds and tmpfs are seen where the container sees them; read-only ones are refused': async (
    engine,
  ) => {
    const bind = join(engine.folder, 'bind');
    await mkdir(bind, { recursive: true });
    await writeFile(join(bind, 'b'), 'bound\n');
    await running(
      engine,
      'mounted',
      '--volume',
      'vol:/vol',
      '--volume',
      `${bind}:/vol/bind:ro`,
      '--tmpfs',
      '/tmpfs',
      IMAGE,
      'sh',
      '-c',
      'echo v > /vol/v; echo t > /tmpfs/t; sleep 1000',
    );
    await engine.inside('sleep', ['0.5']);
    for (const [path, content] of [
      ['/vol/v', 'v\n'],
      ['/vol/bind/b', 'bound\n'],
      ['/tmpfs/t', 't\n'],
    ] as const) {
      const out = join(engine.folder, 'one');
      await engine.must(['cp', `mounted:${path}`, out]);
      assert.equal(await readFile(out, 'utf8'), content, path);
    }
    const file = join(bind, 'b');
    assert.match(
      (await engine.docker(['cp', file, 'mounted:/vol/bind/new'])).stderr,
      /mounted volume is marked read-only/,
    );
    await engine.must(['cp', file, 'mounted:/tmpfs/new']);
    assert.equal(await engine.must(['exec', 'mounted', 'cat', '/tmpfs/new']), 'bound\n');
    await engine.must(['create', '--name', 'closed', '--read-only', '--volume', 'vol:/vol', IMAGE, 'true']);
    assert.match(
      (await engine.docker(['cp', file, 'closed:/etc/new'])).stderr,
      /container rootfs is marked read-only/,
    );
    await engine.must(['cp', file, 'closed:/vol/new']);
    assert.equal(await engine.must(['exec', 'mounted', 'cat', '/vol/new']), 'bound\n');
    await engine.must(['rm', '--force', 'mounted', 'closed']);
    await engine.must(['volume', 'rm', 'vol']);
  },

  'export is the root filesystem without volumes, and can be imported again': async (engine) => {
    await engine.must([
      'run',
      '--name',
      'whole',
      '--volume',
      '/vol',
      IMAGE,
      'sh',
      '-c',
      'echo v > /vol/v; echo m > /made',
    ]);
    const tar = join(engine.folder, 'whole.tar');
    await engine.must(['export', '--output', tar, 'whole']);
    const names = (await engine.inside('tar', ['--list', '--file', tar])).stdout.split('\n');
    assert.ok(names.includes('made') && names.includes('usr/bin/cat') && names.includes('vol/'));
    assert.equal(names.includes('vol/v') || names.includes('./'), false);
    await engine.must(['import', tar, 'again:1']);
    assert.equal(await engine.must(['run', '--rm', 'again:1', 'cat', '/made']), 'm\n');
    await engine.must(['rmi', 'again:1']);
  },

  'a client that goes in the middle leaves no thread and no mount': async (engine) => {
    await engine.must([
      'run',
      '--name',
      'large',
      IMAGE,
      'dd',
      'if=/dev/zero',
      'of=/large',
      'bs=1M',
      'count=64',
    ]);
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const answer = await engine.inside('sh', [
        '-c',
        `curl --silent --max-time 0.05 --unix-socket ${engine.socketPath} 'http://x/containers/large/archive?path=/' > /dev/null; echo over`,
      ]);
      assert.match(answer.stdout, /over/);
    }
    assert.match(await engine.must(['cp', 'large:/etc/passwd', '-']), /root:/);
  },

  'folders and files do not take each other’s place unless that is allowed': async (engine) => {
    await engine.must(['create', '--name', 'kinds', IMAGE, 'true']);
    const entries = [{ type: 'file', path: 'bin' }] as const;
    const kept = await put(engine, {
      name: 'kinds',
      path: '/usr',
      entries,
      query: '&noOverwriteDirNonDir=true',
    });
    assert.equal(kept.status, 400);
    assert.match(kept.text, /cannot overwrite directory/);
    assert.equal((await put(engine, { name: 'kinds', path: '/etc/passwd', entries })).status, 400);
    assert.equal((await put(engine, { name: 'kinds', path: '/nowhere', entries })).status, 404);
  },
};

const attacks: Cases = {
  '13: links that a container exchanges while files are copied lead nowhere else (CVE-2018-15664)': async (
    engine,
  ) => {
    const watch = await sentinels(engine);
    const script = `while :; do ln -sfn ${watch.folder} /swap; ln -sfn / /swap; rm -rf /swap; mkdir /swap; done`;
    await running(engine, 'racer', IMAGE, 'sh', '-c', script);
    let done = 0;
    for (let attempt = 0; attempt < 25; attempt += 1) {
      const entries = [{ type: 'file', path: 'file' }] as const;
      const [wrote, read] = await Promise.all([
        put(engine, { name: 'racer', path: '/swap', entries }),
        callApi(engine.socketPath, {
          path: `/containers/racer/archive?path=${encodeURIComponent('/swap/file')}`,
        }),
      ]);
      if (wrote.status === 200) done += 1;
      assert.doesNotMatch(read.text, /the machine’s/);
    }
    await watch.check();
    assert.ok(done > 0, 'not one copy came through');
  },

  '14: nothing of the container is loaded to serve it (CVE-2019-14271)': async (engine) => {
    const watch = await sentinels(engine);
    const bad = Buffer.from('not a library, and the worse for who loads it');
    await engine.must(['create', '--name', 'libraries', IMAGE, 'true']);
    for (const path of ['/etc/nsswitch.conf', '/usr/lib/libnss_files.so.2', '/etc/ld.so.preload']) {
      const entries = [{ type: 'file', path: path.slice(1) }] as const;
      assert.equal((await put(engine, { name: 'libraries', path: '/', entries })).status, 200, path);
    }
    assert.ok(bad.length > 0);
    const got = await callApi(engine.socketPath, { path: '/containers/libraries/archive?path=/etc/passwd' });
    assert.equal(got.status, 200);
    await watch.check();
  },

  '15: owner and mode do not leak to files of the machine (CVE-2021-41089)': async (engine) => {
    const watch = await sentinels(engine);
    await engine.must(['create', '--name', 'modes', IMAGE, 'true']);
    const answer = await put(engine, {
      name: 'modes',
      path: '/',
      entries: [
        { type: 'symlink', path: 'out', linkPath: watch.folder },
        { type: 'file', path: 'out/file', mode: 0o777, uid: 7 },
        { type: 'hardlink', path: 'hard', linkPath: 'out/file' },
        { type: 'file', path: 'hard', mode: 0o777 },
        { type: 'symlink', path: 'etc/passwd', linkPath: '/etc/passwd' },
        { type: 'directory', path: 'out', mode: 0o777, uid: 7 },
      ],
    });
    assert.ok([200, 400].includes(answer.status), answer.text);
    await watch.check();
  },

  '1 to 5: names, links and links to links in an archive stay inside': async (engine) => {
    const watch = await sentinels(engine);
    await engine.must(['create', '--name', 'names', IMAGE, 'true']);
    for (const entries of [
      [{ type: 'file', path: '../../../../../../etc/passwd' }],
      [{ type: 'file', path: '/etc/passwd' }],
      [{ type: 'file', path: `a/../../..${watch.folder}/file` }],
      [
        { type: 'symlink', path: 'd', linkPath: watch.folder },
        { type: 'file', path: 'd/file' },
      ],
      [
        { type: 'symlink', path: 'd', linkPath: '/proc/self/root' },
        { type: 'file', path: `d${watch.folder}/file` },
      ],
      [
        { type: 'symlink', path: 'one', linkPath: '../../../../../../../..' },
        { type: 'symlink', path: 'two', linkPath: `one${watch.folder}` },
        { type: 'file', path: 'two/file' },
      ],
      [{ type: 'hardlink', path: 'h', linkPath: `../../../../..${watch.folder}/file` }],
      [{ type: 'hardlink', path: 'h', linkPath: `${watch.folder}/file` }],
      [{ type: 'symlink', path: '.', linkPath: watch.folder }],
      [{ type: 'file', path: '.wh.etc' }],
    ] as const) {
      const answer = await put(engine, { name: 'names', path: '/tmp', entries });
      assert.ok(
        [200, 400].includes(answer.status),
        `${JSON.stringify(entries)}: ${answer.status} ${answer.text}`,
      );
      await watch.check();
    }
    assert.match(await engine.must(['cp', 'names:/etc/passwd', '-']), /root:/);
  },

  '16: a copy of everything reads no pseudo file systems and hangs on no FIFO': async (engine) => {
    await running(engine, 'odd', IMAGE, 'sh', '-c', 'mknod /fifo p; mknod /tmp/zero c 1 5; sleep 1000');
    await engine.inside('sleep', ['0.5']);
    const { stdout } = await engine.inside('sh', [
      '-c',
      `curl --silent --max-time 60 --unix-socket ${engine.socketPath} 'http://x/containers/odd/archive?path=/' | tar --list --verbose | grep -E 'proc/|fifo|zero'`,
    ]);
    assert.match(stdout, /^prw.* \.\/fifo$/m);
    assert.match(stdout, /^crw.* 1,5 .* \.\/tmp\/zero$/m);
    assert.doesNotMatch(stdout, /proc\/\d/);
  },

  '17, 18: WORKDIR and VOLUME that are links stay inside': async (engine) => {
    const watch = await sentinels(engine);
    await engine.must(['run', '--name', 'linked', IMAGE, 'ln', '-s', watch.folder, '/way']);
    await engine.must([
      'commit',
      '--change',
      'VOLUME /way',
      '--change',
      'WORKDIR /way/new',
      'linked',
      'linked:1',
    ]);
    await engine.docker([
      'run',
      '--rm',
      'linked:1',
      'sh',
      '-c',
      'echo hostile > file; echo hostile > /way/file',
    ]);
    await watch.check();
    await engine.must(['rm', 'linked']);
    await engine.must(['rmi', 'linked:1']);
  },

  '34: names and paths that lead elsewhere are names and paths': async (engine) => {
    for (const name of ['..%2f..%2fetc', '%2e%2e', 'a%00b']) {
      const answer = await callApi(engine.socketPath, {
        path: `/containers/${name}/archive?path=/etc/passwd`,
      });
      assert.equal(answer.status, 404, name);
    }
    await engine.must(['create', '--name', 'paths', IMAGE, 'true']);
    const up = await callApi(engine.socketPath, {
      path: `/containers/paths/archive?path=${encodeURIComponent('/../../../../etc/hostname')}`,
    });
    assert.doesNotMatch(up.text, /lab/);
    const nul = await callApi(engine.socketPath, {
      path: '/containers/paths/archive?path=%2Fetc%00%2Fpasswd',
    });
    assert.equal(nul.status, 400);
  },
};
