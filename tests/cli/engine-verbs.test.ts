import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, runCommand } from '../lab/command.ts';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { startHub } from '../lab/hub.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { smallImageBytes } from '../lab/small-image.ts';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');
const IMAGE = 'small:1';

interface Machine {
  readonly engine: TestEngine;
  /** A folder that the test owns, the same path for both commands. */
  readonly folder: string;
  berth(args: readonly string[], options?: { readonly input?: string | Uint8Array }): Promise<CommandResult>;
  must(args: readonly string[], options?: { readonly input?: string | Uint8Array }): Promise<string>;
}

type Cases = Readonly<Record<string, (machine: Machine, t: TestContext) => Promise<void>>>;

test('the verbs of berth beside those of docker', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'berth-verbs-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  t.after(assertNoLeaks);
  await engine.must(['import', '-', IMAGE], { input: await smallImageBytes(engine.lab) });
  const machine = machineOf(engine, folder);
  for (const [name, run] of Object.entries(cases)) await t.test(name, (inner) => run(machine, inner));
});

function machineOf(engine: TestEngine, folder: string): Machine {
  const environment = { BERTH_SOCKET: engine.socketPath, HOME: folder, LANG: 'C.UTF-8', BERTH_CONFIG: '' };
  const berth: Machine['berth'] = (args, options = {}) =>
    runCommand([process.execPath, '--disable-warning=ExperimentalWarning', '--', MAIN, ...args], {
      ...options,
      cwd: folder,
      env: environment,
    });
  return {
    engine,
    folder,
    berth,
    async must(args, options) {
      const { code, stdout, stderr } = await berth(args, options);
      if (code !== 0) throw new Error(`berth ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
      return stdout;
    },
  };
}

/** Lines that change nothing, so that both commands find the same engine. */
const LINES: readonly string[] = [
  ...['ps', 'ps -a', 'ps -aq', 'ps -a --no-trunc', 'ps -as', 'ps -a --format json', 'ps -l', 'ps -n 1'],
  ...['ps -f status=created', 'ps -f x=y', 'ps -f x', 'ps -n x', 'ps extra', 'ps --nope', 'ps -z'],
  ...['images', 'images -q', 'images --no-trunc --digests', 'images --format json', 'images nothing'],
  ...['image ls', 'container ls -a', 'history small:1', 'history --no-trunc -H=false small:1'],
  ...['history --format json small:1', 'inspect web', 'inspect web idle nope', 'inspect --type volume data'],
  ...['inspect small:1', 'image inspect nope', 'container inspect -s web'],
  ...['volume inspect data', 'volume inspect nope', 'volume ls', 'volume ls -q', 'volume ls --format json'],
  ...['network ls', 'network inspect host', 'port web', 'port web 80', 'port web 81', 'port web x'],
  ...[
    'top web',
    'top web -o pid,args',
    'diff web',
    'logs chatty',
    'logs -n 1 chatty',
    'logs -t --tail 1 chatty',
  ],
  ...['logs --since foo web', 'logs nope', 'system df', 'system df -v', 'events --since 9m --until 0s'],
  ...['events --since 9m --until 0s --format json', 'stats --no-stream web', 'wait idle', 'start nope'],
  ...['start web', 'stop nope nope2', 'kill nope', 'kill -s FOO web', 'rename a', 'rename a b', 'pause nope'],
  ...[
    'unpause web',
    'attach idle',
    'attach nope',
    'rm',
    'rm nope',
    'rm web',
    'rmi',
    'rmi nope',
    'tag',
    'tag nope x',
  ],
  ...[
    'commit nope',
    'update',
    'update nope -m 64m',
    'export',
    'export web -o /nope/x',
    'save -o /nope/x small:1',
  ],
  ...['save nope', 'load -i /nope', 'import /nope', 'cp a', 'cp a:b c:d', 'cp web:/nope .', 'cp nope:/x .'],
  ...['container prune', 'image prune', 'image prune -a', 'volume prune', 'system prune', 'volume rm nope'],
  ...['exec', 'exec nope ls', 'exec idle ls', 'exec web nope', 'exec web sh -c nope', 'exec -it web sh'],
  ...['exec -e A=1 -w /etc -u nobody web env', 'exec web cat /etc/group', 'create', 'create -p x small:1'],
  ...[
    'create --name web small:1',
    'run',
    'run --nope small:1',
    'run --name',
    'run small:1',
    'run -it small:1 sh',
  ],
  ...['run --rm small:1 nope', 'run --rm small:1 /usr', 'run --rm small:1 ls /nope', 'run -p x small:1'],
  ...[
    'run -v a:b:c:d small:1 true',
    'run --dns x small:1',
    'run --add-host x small:1',
    'run --ulimit x small:1',
  ],
  ...['run --mount type=bind,source=/x small:1', 'run --mount foo small:1', 'run --device x:y:z small:1'],
  ...['run --restart on-failure:x small:1', 'run --rm --restart always small:1', 'run --sysctl x small:1'],
  ...[
    'run --env-file /nope small:1',
    'run --pull x small:1',
    'run --pull never nope:1',
    'run --cpus x small:1',
  ],
  ...['run -m abc small:1', 'run --stop-timeout abc small:1', 'run -d -a stdin small:1', 'run -a x small:1'],
  ...['run --rm --network nope small:1 true', 'run --rm --log-driver nope small:1 true'],
  'run --rm -e A=1 -e NOBODY_HAS_IT -h box --tmpfs /x -w /etc -u 7:8 --entrypoint env small:1',
  'run --rm -m 64m --cpus .5 --pids-limit 9 --read-only --cap-drop ALL --ulimit nofile=10:20 small:1 id',
  'run --rm -v data:/data:ro --mount type=tmpfs,target=/y --add-host a:1.2.3.4 --dns 9.9.9.9 small:1 grep -h -e kept -e 1.2.3.4 /data/f /etc/hosts',
];

const cases: Cases = {
  'print and end as docker does, line for line': async ({ engine, berth, folder, must }) => {
    await must(['run', '-d', '--name', 'web', '-p', '8080:80', '-p', '9090:90/udp', IMAGE, 'sleep', '1000']);
    await must(['create', '--name', 'idle', '-l', 'a=b', '-v', '/anonymous', IMAGE, 'true']);
    await must(['run', '--name', 'chatty', IMAGE, 'sh', '-c', 'for i in 1 2 3; do echo $i; done']);
    await must(['run', '--rm', '-v', 'data:/data', IMAGE, 'sh', '-c', 'echo kept > /data/f']);
    const different: string[] = [];
    for (const line of LINES) {
      const args = line.split(' ');
      // A time so long ago is taken to the second: one that has something in it must be over for both.
      if (line.includes('--until')) await sleep(1000);
      const [ours, theirs] = await Promise.all([berth(args), engine.docker(args, { cwd: '/tmp' })]);
      const [our, their] = [comparable(ours), comparable(theirs)];
      if (our !== their) different.push(`${line}\n--- berth\n${our}\n--- docker\n${their}`);
    }
    assert.ok(different.length === 0, different.join('\n\n'));
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.part')),
      [],
    );
    await must(['rm', '-f', 'web', 'idle', 'chatty']);
  },

  'hand on input, output, exit codes and signals': async ({ berth, must, engine }) => {
    const bytes = Buffer.alloc(3_000_000, 'berth ');
    const sum = await must(['run', '--rm', '-i', IMAGE, 'wc', '-c'], { input: bytes });
    assert.equal(sum.trim(), '3000000');
    const both = await berth(['run', '--rm', IMAGE, 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    assert.deepEqual(both, { code: 7, stdout: 'out\n', stderr: 'err\n' });
    const name = (await must(['run', '-d', '--rm', '-i', IMAGE, 'cat'])).trim();
    assert.equal(await must(['exec', '-i', name, 'cat'], { input: 'typed' }), 'typed');
    // Nothing hands signals on to an exec: the command ends, the process goes on, as with docker.
    const left = spawn(process.execPath, ['--', MAIN, 'exec', name, 'sh', '-c', 'echo begun; sleep 1000'], {
      env: { ...process.env, BERTH_SOCKET: engine.socketPath },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const isLeft = new Promise((resolve) => left.once('close', resolve));
    left.stdout.once('data', () => left.kill('SIGINT'));
    assert.equal(await isLeft, 130);
    assert.match(await must(['top', name, '-o', 'pid,args']), /sleep 1000/);
    assert.equal((await berth(['kill', name])).stdout, `${name}\n`);

    const child = spawn(
      process.execPath,
      ['--', MAIN, 'run', '--rm', '--name', 'told', IMAGE, 'sh', '-c', TRAP],
      {
        env: { ...process.env, BERTH_SOCKET: engine.socketPath },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await until(() => said.includes('ready'));
    child.kill('SIGUSR1');
    await until(() => said.includes('usr1'));
    child.kill('SIGINT');
    assert.equal(await ended, 42);
    assert.match(said, /^ready\nusr1\nint\n$/);
  },

  'say in one line how to start an engine where none is': async ({ berth }) => {
    const { code, stdout, stderr } = await berth(['--socket', '/nope/berth.sock', 'ps']);
    assert.deepEqual([code, stdout, stderr.split('\n').length], [1, '', 2]);
    assert.match(stderr, /^berth: No engine answers on \/nope\/berth\.sock: start one with "berth up"/);
    assert.equal((await berth(['run', '--socket=/nope/s', IMAGE, 'true'])).code, 125);
  },

  'copy out and in, and never beyond the target': async ({ berth, must, folder, engine }) => {
    await must(['create', '--name', 'files', IMAGE, 'true']);
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'sub'), { recursive: true });
    await writeFile(join(tree, 'sub/f'), 'content');
    await symlink('../outside', join(tree, 'link'));
    await must(['cp', tree, 'files:/new']);
    await must(['cp', `${tree}/.`, 'files:/new']);
    await must(['cp', 'files:/new', join(folder, 'back')]);
    assert.equal(await readFile(join(folder, 'back/sub/f'), 'utf8'), 'content');
    assert.equal(await readlink(join(folder, 'back/link')), '../outside');
    assert.deepEqual((await readdir(join(folder, 'back'))).sort(), ['link', 'sub']);
    // Into a folder that is there, under its own name; what a link there points to is not written.
    await must(['cp', 'files:/new', join(folder, 'back')]);
    assert.equal(await readFile(join(folder, 'back/new/sub/f'), 'utf8'), 'content');
    await mkdir(join(folder, 'outside'));
    await symlink(join(folder, 'outside'), join(folder, 'back/hole'));
    await must(['cp', 'files:/new/sub/f', join(folder, 'plain')]);
    assert.equal(await readFile(join(folder, 'plain'), 'utf8'), 'content');
    const over = await berth(['cp', 'files:/new', join(folder, 'plain')]);
    assert.deepEqual([over.code, over.stderr], [1, 'cannot copy directory\n']);
    const archive = await engine.docker(['cp', 'files:/new/sub/f', '-']);
    const ours = await berth(['cp', 'files:/new/sub/f', '-']);
    assert.equal(ours.stdout, archive.stdout);
    await must(['rm', 'files']);
  },

  'save, load, import, export and commit what docker reads again': async ({ must, folder, engine }) => {
    await must(['save', '-o', 'small.tar', IMAGE]);
    await must(['tag', IMAGE, 'other:2']);
    assert.equal(await must(['rmi', 'other:2']), 'Untagged: other:2\n');
    assert.equal(await must(['load', '-i', 'small.tar']), `Loaded image: ${IMAGE}\n`);
    await must(['run', '--name', 'changed', IMAGE, 'sh', '-c', 'echo new > /made']);
    assert.equal(await must(['diff', 'changed']), 'A /made\n');
    const id = (
      await must(['commit', '-m', 'a file', '-c', 'CMD ["cat","/made"]', 'changed', 'made:1'])
    ).trim();
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await engine.must(['run', '--rm', 'made:1']), 'new\n');
    await must(['export', '-o', 'flat.tar', 'changed']);
    assert.match(await must(['import', join(folder, 'flat.tar'), 'flat:1']), /^sha256:[0-9a-f]{64}\n$/);
    assert.equal(await must(['run', '--rm', 'flat:1', 'cat', '/made']), 'new\n');
    await must(['rm', 'changed']);
    await must(['rmi', 'made:1', 'flat:1']);
  },

  'pull what is missing from a Hub, and look into the Hub by "inspect"': async ({ berth, must, engine }) => {
    await using hub = await startHub({ netns: engine.netns });
    const name = `${hub.host}/library/hello:latest`;
    const first = await berth(['run', '--rm', name]);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, new RegExp(`^Unable to find image '${name}' locally\nlatest: Pulling from`));
    assert.match(first.stderr, /Pull complete\nDigest: sha256:/);
    assert.equal((await berth(['run', '--rm', name])).stderr, '');
    assert.match(
      await must(['pull', name]),
      new RegExp(`Status: Image is up to date for ${name}\n${name}\n$`),
    );
    assert.equal(await must(['pull', '-q', name]), `${name}\n`);
    const [found] = JSON.parse(await must(['inspect', name])) as { readonly RepoTags: readonly string[] }[];
    assert.deepEqual(found?.RepoTags, [name]);
    await must(['rmi', name]);
    // What the engine does not have is a place; from here there is no way into the Hub's namespace.
    const place = await berth(['inspect', name]);
    assert.equal(place.code, 1);
    assert.match(place.stderr, new RegExp(`^berth: Cannot reach "${hub.host}"`));
  },

  'give a terminal to "run -it", take it back at Ctrl-P Ctrl-Q, and come back by "attach"': async (
    machine,
    t,
  ) => {
    if (!existsSync('/usr/bin/script')) return t.skip('needs script(1) of bsdutils');
    const first = terminal(t, machine, ['run', '-it', '--name', 'term', '-e', 'PS1=ready# ', IMAGE, 'sh']);
    await first.expect('ready# ');
    first.type('stty size\r');
    await first.expect('31 97');
    first.type('sleep 1000\r');
    await sleep(300);
    first.type('\u0003');
    await first.expect('ready# ');
    first.type('echo gr\u00fc\u00df $((40+2))\r');
    await first.expect('gr\u00fc\u00df 42');
    first.type('\u0010\u0011');
    assert.equal(await first.ended, 0);
    assert.equal(
      (await machine.must(['inspect', '--format', 'json', 'term'])).includes('"Status":"running"'),
      true,
    );

    const again = terminal(t, machine, ['attach', 'term']);
    again.type('echo $((6*7))\r');
    await again.expect('42');
    again.type('exit 5\r');
    assert.equal(await again.ended, 5);
    await machine.must(['rm', 'term']);
  },
};

const TRAP = "trap 'echo usr1' USR1; trap 'echo int; exit 42' INT; echo ready; while :; do sleep 0.1; done";

interface Terminal {
  readonly ended: Promise<number | null>;
  type(text: string): void;
  /** Waits for a text behind all that was waited for before. */
  expect(text: string): Promise<void>;
}

/** berth on a terminal of 97 columns and 31 rows. */
function terminal(t: TestContext, { engine, folder }: Machine, args: readonly string[]): Terminal {
  const words = [process.execPath, '--', MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', `stty rows 31 cols 97; exec ${words}`, '/dev/null'], {
    env: { ...process.env, BERTH_SOCKET: engine.socketPath, HOME: folder, TERM: 'xterm', LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return {
    ended: new Promise((resolve) => child.once('close', resolve)),
    type: (text) => void child.stdin.write(text),
    async expect(text) {
      await until(
        () => said.indexOf(text, seen) >= 0,
        () => `"${text}" in ${JSON.stringify(said.slice(seen))}`,
      );
      seen = said.indexOf(text, seen) + text.length;
    },
  };
}

async function until(isSo: () => boolean, what: () => string = () => 'what was waited for'): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`There was no ${what()}`);
    await sleep(50);
  }
}

/** Without what differs between two moments: times, and the spaces that their lengths make. Docker's name becomes ours. */
function comparable({ code, stdout, stderr }: CommandResult): string {
  const steady = (text: string) =>
    text
      .replaceAll(/\b(About an?|Less than a|[0-9]+) (second|minute|hour)s?\b/g, 'TIME')
      .replaceAll(/[0-9.]+(B|KiB|MiB|kB|MB)|\b[0-9]+\.[0-9]{2}%/g, 'SIZE')
      .replaceAll(/ {2,}/g, '  ');
  return `${code}\n${steady(stdout)}\n${steady(stderr).replaceAll('docker', 'berth')}`;
}
