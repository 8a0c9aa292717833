import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { cacheFolder } from './cache-folder.ts';
import { type Bind, STATE_FOLDERS } from './jail.ts';
import type { Namespace } from './netns.ts';
import type { Lab } from './peers.ts';
import { type Server, startServer } from './server.ts';

const TOP = join(import.meta.dirname, '..', '..');
const CGROUPS = '/sys/fs/cgroup';
/** Then the process id of the test, so that the next one can tell whose are left over. */
const CGROUP_PREFIX = 'berth-lab-';
/** Where the machine's docker command is inside. */
const CLI = '/opt/docker';
/** And its Node, which a machine may have below the folder that here is the lab's. */
const NODE = '/opt/node';

export interface HouseOptions {
  readonly binds?: readonly Bind[];
  /** The namespace to live in; one of its own, with a loopback and nothing else, when left out. */
  readonly netns?: Namespace;
}

/**
 * A small machine for an engine: mounts, processes, network and cgroups of its own, Debian's programs of the lab as
 * `/usr`, `/run` a tmpfs, `/tmp`, the cache and this repository where they are. It stays while engines are started, killed and
 * started again in it, and containers run on. When it ends everything in it ends, down to the last mount and
 * cgroup; it dies with the test's process, however that dies.
 */
export interface EngineHouse extends AsyncDisposable {
  /** Process id of its number 1, as this machine sees it. */
  readonly pid: number;
  readonly netns: Namespace;
  /** Path of the docker command inside: the machine's, or where it has none the lab's. */
  readonly docker: string;
  /** The whole command that runs a program inside. It stays as a wrapper around it (`isWrapped`). */
  command(
    program: string,
    args: readonly string[],
    options?: { readonly cwd?: string },
  ): [string, ...string[]];
}

export async function openEngineHouse(lab: Lab, options: HouseOptions = {}): Promise<EngineHouse> {
  const cgroup = `${CGROUP_PREFIX}${process.pid}-${randomBytes(3).toString('hex')}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => removeCgroups(cgroup));
  await sweepCgroups();
  await makeCgroups(cgroup);
  const holder = stack.use(await startHolder(lab, { ...options, cgroup }));
  const { pid } = holder;
  const opened = stack.move();
  // The root too: where the tests run in a chroot, the root of the mount namespace is another.
  const target = ['nsenter', '--target', String(pid)] as const;
  const enter = [...target, '--mount', '--root', '--pid', '--net', '--cgroup'] as const;
  const environment = [
    'env',
    'HOME=/root',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ];
  const intoCgroup =
    'for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do [ -e "$f" ] && echo 0 > "$f" 2>/dev/null; done';
  return {
    pid,
    docker: (await machineDockerIfAny()) === undefined ? 'docker' : CLI,
    netns: {
      pid,
      address: options.netns?.address ?? '127.0.0.1',
      wrap: (program, ...args) => [
        ...(['setpriv', '--pdeathsig', 'KILL', '--', 'nsenter', `--net=/proc/${pid}/ns/net`, '--'] as const),
        program,
        ...args,
      ],
    },
    command: (program, args, { cwd = '/root' } = {}) => [
      ...(['setpriv', '--pdeathsig', 'KILL', '--'] as const),
      ...enter,
      ...[
        '--',
        ...environment,
        'sh',
        '-c',
        `${intoCgroup}; cd "$0" && exec "$@"`,
        cwd,
        programInside(program),
        ...args,
      ],
    ],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function programInside(program: string): string {
  return program === process.execPath ? NODE : program;
}

async function startHolder(lab: Lab, options: HouseOptions & { readonly cgroup: string }): Promise<Server> {
  const { netns, cgroup, binds = [] } = options;
  const enter = netns === undefined ? [] : ['nsenter', `--net=/proc/${netns.pid}/ns/net`, '--'];
  const net = netns === undefined ? ['--net'] : [];
  return await startServer(
    [
      ...(['setpriv', '--pdeathsig', 'KILL', '--'] as const),
      ...enter,
      // First into its cgroups, so that they are the root of what it sees.
      ...[
        'sh',
        '-c',
        `for f in ${CGROUPS}/*/${cgroup}/cgroup.procs ${CGROUPS}/${cgroup}/cgroup.procs; do [ -e "$f" ] && echo 0 > "$f"; done; exec "$@"`,
        'sh',
      ],
      ...['unshare', '--mount', '--propagation', 'private', '--cgroup', ...net],
      ...['--pid', '--fork', '--kill-child=KILL', '--', 'sh', '-c', await holderScript(lab, binds)],
    ],
    { isWrapped: true, ready: (server) => server.stdout().includes('ready\n') },
  );
}

/** Everything is mounted below a tmpfs, which then becomes the root of the namespace. */
async function holderScript(lab: Lab, binds: readonly Bind[]): Promise<string> {
  const fresh = join(lab.state, 'new');
  const at = (path: string) => quote(join(fresh, path));
  const lines = [
    'set -e',
    `mount -t tmpfs -o mode=755 tmpfs ${quote(fresh)}`,
    `mkdir ${['usr', 'proc', 'sys', 'dev', 'tmp', 'mnt', 'opt', ...STATE_FOLDERS].map(at).join(' ')}`,
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => `ln -s usr/${name} ${at(name)}`),
    `mount --bind ${quote(join(lab.root, 'usr'))} ${at('usr')}`,
    `mount -o remount,bind,ro ${at('usr')}`,
    ...STATE_FOLDERS.filter((name) => name !== 'run').map(
      (name) => `mount --bind ${quote(join(lab.state, name))} ${at(name)}`,
    ),
    `mount -t tmpfs -o mode=755 tmpfs ${at('run')}`,
    `mkdir ${at('run/lock')}`,
    `mount -t proc proc ${at('proc')}`,
    // Of the network namespace, unlike a bind of the machine's.
    `mount -t sysfs sysfs ${at('sys')}`,
    ...(await cgroupMounts(at)),
    `mount --rbind /dev ${at('dev')}`,
    `mount -t tmpfs -o mode=1777 tmpfs ${at('dev/shm')}`,
    `mount --bind /tmp ${at('tmp')}`,
  ];
  for (const bind of [{ from: TOP, readOnly: true }, { from: cacheFolder() }, ...binds])
    lines.push(...bindLines(bind, at));
  lines.push(...bindLines({ from: process.execPath, to: NODE, readOnly: true }, at));
  const cli = await machineDockerIfAny();
  if (cli !== undefined) lines.push(...bindLines({ from: cli, to: CLI, readOnly: true }, at));
  lines.push(
    `mkdir ${at('.old')}`,
    `cd ${quote(fresh)}`,
    'pivot_root . .old',
    'umount -l /.old',
    'rmdir /.old',
    'ip link set lo up',
    'echo ready',
    // Number 1 reaps what nobody else does.
    'exec tini -- sleep infinity',
  );
  return lines.join('\n');
}

function bindLines(bind: Bind, at: (path: string) => string): string[] {
  const to = at(bind.to ?? bind.from);
  const from = quote(bind.from);
  return [
    `if [ -d ${from} ]; then mkdir -p ${to}; else mkdir -p "$(dirname ${to})"; [ -e ${to} ] || : > ${to}; fi`,
    `mount --rbind ${from} ${to}`,
    ...(bind.readOnly === true ? [`mount -o remount,bind,ro ${to}`] : []),
  ];
}

/** The same hierarchies as the machine has, from the cgroup namespace's root down. */
async function cgroupMounts(at: (path: string) => string): Promise<string[]> {
  const top = at('sys/fs/cgroup');
  const hierarchies = await cgroupHierarchies();
  if (hierarchies.some(({ folder }) => folder === '')) {
    return [
      `mount -t cgroup2 cgroup2 ${top}`,
      // A cgroup that gives controllers to its children may have no processes itself.
      `mkdir ${at('sys/fs/cgroup/house')}`,
      `for pid in $(cat ${at('sys/fs/cgroup/cgroup.procs')}); do echo "$pid" > ${at('sys/fs/cgroup/house/cgroup.procs')} || :; done`,
      `for one in $(cat ${at('sys/fs/cgroup/cgroup.controllers')}); do echo "+$one" > ${at('sys/fs/cgroup/cgroup.subtree_control')}; done`,
    ];
  }
  return [
    `mount -t tmpfs -o mode=755 tmpfs ${top}`,
    ...hierarchies.flatMap(({ folder, type, options }) => [
      `mkdir ${at(`sys/fs/cgroup/${folder}`)}`,
      `mount -t ${type} -o ${options} cgroup ${at(`sys/fs/cgroup/${folder}`)}`,
    ]),
  ];
}

interface Hierarchy {
  /** Below /sys/fs/cgroup; empty for cgroup2 alone. */
  readonly folder: string;
  readonly type: string;
  readonly options: string;
}

async function cgroupHierarchies(): Promise<readonly Hierarchy[]> {
  const found: Hierarchy[] = [];
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [before, after] = line.split(' - ');
    const path = before?.split(' ')[4] ?? '';
    const [type = '', , superOptions = ''] = (after ?? '').split(' ');
    if ((type !== 'cgroup' && type !== 'cgroup2') || !`${path}/`.startsWith(`${CGROUPS}/`)) continue;
    const options = superOptions
      .split(',')
      .filter((one) => !['rw', 'ro'].includes(one) && !one.startsWith('release_agent'));
    found.push({ folder: path.slice(CGROUPS.length + 1), type, options: options.join(',') || 'rw' });
  }
  return found;
}

async function makeCgroups(name: string): Promise<void> {
  for (const { folder } of await cgroupHierarchies()) {
    const group = join(CGROUPS, folder, name);
    await mkdir(group, { recursive: true });
    // Of cgroup v1: no process may enter before these are set.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const value = await readIfThere(join(CGROUPS, folder, file));
      if (value !== undefined && value.trim() !== '') await writeFile(join(group, file), value);
    }
  }
}

/** What tests left that were killed: their processes are gone with the house, and a cgroup has nobody to end it. */
async function sweepCgroups(): Promise<void> {
  for (const { folder } of await cgroupHierarchies()) {
    for (const name of await readdir(join(CGROUPS, folder))) {
      const pid = new RegExp(`^${CGROUP_PREFIX}([0-9]+)-`).exec(name)?.[1];
      if (pid === undefined || (await readIfThere(`/proc/${pid}/comm`)) !== undefined) continue;
      try {
        await removeTree(join(CGROUPS, folder, name));
      } catch (error) {
        // Another test sweeps it, too, or its last processes are just ending.
        if (!hasCode(error) || error.code !== 'EBUSY') throw error;
      }
    }
  }
}

/** Processes that are being killed hold their cgroup for a moment. */
async function removeCgroups(name: string): Promise<void> {
  for (const { folder } of await cgroupHierarchies()) {
    const group = join(CGROUPS, folder, name);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await removeTree(group);
        break;
      } catch (error) {
        if (!hasCode(error) || error.code !== 'EBUSY' || attempt > 100) throw error;
        await sleep(50);
      }
    }
  }
}

async function removeTree(group: string): Promise<void> {
  try {
    for (const entry of await readdir(group, { withFileTypes: true })) {
      if (entry.isDirectory()) await removeTree(join(group, entry.name));
    }
    await rmdir(group);
  } catch (error) {
    if (!hasCode(error) || error.code !== 'ENOENT') throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The machine's docker command: the newest one; the lab's own is the one of Debian 12. */
export async function machineDocker(): Promise<string> {
  const path = await machineDockerIfAny();
  if (path === undefined) throw new Error('Cannot find the docker command in PATH');
  return path;
}

async function machineDockerIfAny(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const path = join(folder, 'docker');
    if ((await readIfThere(path)) !== undefined) return path;
  }
  return undefined;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
