import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';
import { cachedFolder } from '../lab/cached.ts';
import { mustRun, runCommand } from '../lab/command.ts';
import type { Lab } from '../lab/peers.ts';
import { exists } from '../lab/ready.ts';

/** A Debian 12 with nothing but Node 20 and npm added, as a folder that one enters by chroot. */
export interface BareRoot extends AsyncDisposable {
  readonly folder: string;
  /** Starts a shell line inside, in mount and process namespaces of its own; the network is the machine's. */
  start(
    line: string,
    options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  ): Inside;
}

/** Something that runs inside. Whatever becomes of us, it ends with us. */
export interface Inside {
  output(): string;
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What Ctrl-C does: SIGINT for all of the session, not for those that left it. */
  interrupt(): Promise<void>;
  /** The processes inside, as this machine numbers them. */
  pids(): Promise<readonly number[]>;
  kill(): void;
}

export async function makeBareRoot(lab: Lab): Promise<BareRoot> {
  const made = await cachedFolder(`bare-debian-bookworm-${process.arch}-1`, async (staging) => {
    const how = ['--mode=root', '--variant=minbase', '--format=tar'];
    await lab.must('mmdebstrap', [...how, 'bookworm', join(staging, 'root.tar')]);
  });
  const folder = await mkdtemp(join(tmpdir(), 'berth-bare-'));
  await mustRun([
    'tar',
    '--extract',
    '--numeric-owner',
    '--xattrs',
    '-f',
    join(made, 'root.tar'),
    '-C',
    folder,
  ]);
  await mustRun(['chmod', '755', folder]);
  await addNode(folder);
  await copyNetworkSettings(folder);
  return {
    folder,
    start: (line, options) => startInside(folder, { line, ...options }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** The Node that the user has (the first on PATH that is not ours), and the npm beside it. */
async function addNode(folder: string): Promise<void> {
  // npm puts a clone's own programs first, and with them the Node that Berth brings.
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('/node_modules/'));
  const { stdout } = await mustRun(
    ['sh', '-c', 'command -v npm && command -v node && node -p process.execPath'],
    { env: { PATH: path.join(':') } },
  );
  const [npm = '', , node = ''] = stdout.trim().split('\n');
  await cp(node, join(folder, 'usr/bin/node'));
  const npmFolder = dirname(dirname((await mustRun(['readlink', '-f', npm])).stdout.trim()));
  await cp(npmFolder, join(folder, 'usr/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(folder, 'usr/bin', name));
  }
}

/** How this machine reaches package registries: names, authorities, npm's and apt's settings. */
async function copyNetworkSettings(folder: string): Promise<void> {
  const paths = [
    '/etc/resolv.conf',
    '/etc/hosts',
    '/etc/apt',
    '/usr/etc/npmrc',
    '/etc/ssl/certs/ca-certificates.crt',
  ];
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  for (const path of extra === undefined ? paths : [...paths, extra]) {
    if (await exists(path)) await cp(path, join(folder, path), { recursive: true, dereference: true });
  }
  const own = join(homedir(), '.npmrc');
  if (await exists(own)) await cp(own, join(folder, 'root/.npmrc'));
}

interface StartInside {
  readonly line: string;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

function startInside(folder: string, { line, cwd, env }: StartInside): Inside {
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--propagation', 'private'],
      ...['--pid', '--fork', '--kill-child=KILL', '--', 'sh', '-c', ENTER, folder, cwd, line],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...insideEnvironment(), ...env } },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done(code ?? signal ?? 0));
  });
  return {
    output: () => output,
    ended,
    pids: () => pidsBelow(folder),
    async interrupt() {
      const terminal = await sessionOf(child.pid ?? 0);
      for (const pid of await pidsBelow(folder)) {
        if ((await sessionOf(pid)) === terminal) await runCommand(['kill', '-INT', String(pid)]);
      }
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** The folder is bound on itself, for the root of a mount namespace must be a mount itself. */
const ENTER = `set -e
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --rbind /sys "$0/sys"
mount --rbind /dev "$0/dev"
cwd=$1; line=$2
chroot "$0" sh -c 'trap : INT; cd "$0" && sh -c "$1"; exit $?' "$cwd" "$line"`;

/** A plain login's environment, with the proxies and authorities that this machine needs. */
function insideEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_registry)$/i.test(name),
  );
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    ...{ HOME: '/root', USER: 'root', LANG: 'C.UTF-8', TERM: 'dumb' },
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  };
}

async function pidsBelow(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if ((await readlink(`/proc/${name}/root`)) === folder) found.push(Number(name));
    } catch (error) {
      if (!hasCode(error) || !['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) throw error;
    }
  }
  return found;
}

/** @returns undefined when the process is gone */
async function sessionOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 6; the name before it may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}
