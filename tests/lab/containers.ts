import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { type Monitor, type MonitoredContainer, startMonitor } from '@berth/monitor';
import { buildSpec, type ContainerSpec, DEFAULT_CAPABILITIES, type RuntimeProgram } from '@berth/runtime';
import { type Lab, openPeers } from './peers.ts';

export interface BundleOptions {
  readonly terminal?: boolean;
  readonly openStdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly log?: Partial<MonitoredContainer['log']>;
  /** Of the specification, over what every test has. */
  readonly spec?: Partial<ContainerSpec>;
}

/** Containers without an engine: bundles of Debian's programs, and a monitor that is this test's own. */
export interface ContainerLab {
  readonly lab: Lab;
  readonly folder: string;
  readonly runRoot: string;
  readonly runtime: RuntimeProgram;
  /** What a monitor told of faults; a test that expects none asserts that it is empty. */
  readonly faults: string[];
  /** A client of the monitor, which is started with the first one. */
  connect(options?: { readonly onReplaced?: () => void }): Promise<Monitor>;
  /** Writes a bundle whose root has Debian's `/usr`, read-only. */
  bundle(id: string, args: readonly string[], options?: BundleOptions): Promise<MonitoredContainer>;
}

/** Skips the test where there is no runc. At its end everything is ended and removed, and nothing may be left in its cgroup. */
export async function openContainers(t: TestContext): Promise<ContainerLab | undefined> {
  const lab = await openPeers(t);
  if (lab === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'berth-mon-'));
  const runRoot = join(folder, 'run');
  const cgroup = `berth-test-${randomBytes(4).toString('hex')}`;
  const clients: Monitor[] = [];
  const faults: string[] = [];
  const runtime: RuntimeProgram = { name: 'runc', path: join(lab.root, 'usr/sbin/runc'), version: 'debian' };
  // runc needs libseccomp, which not every Debian has.
  process.env.LD_LIBRARY_PATH ??= join(
    lab.root,
    `usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
  );
  t.after(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
    await endMonitor(runRoot, runtime);
    await removeCgroup(cgroup);
    await rm(folder, { recursive: true, force: true });
  });
  const rootfs = join(folder, 'rootfs');
  await makeRootfs(rootfs);
  return {
    lab,
    folder,
    runRoot,
    runtime,
    faults,
    connect: async (options = {}) => {
      const client = await startMonitor({
        runRoot,
        runtime,
        onFault: (error, what) => faults.push(`${what}: ${error instanceof Error ? error.message : error}`),
        ...options,
      });
      clients.push(client);
      return client;
    },
    bundle: (id, args, options = {}) => writeBundle({ lab, folder, rootfs, cgroup, id, args, options }),
  };
}

async function makeRootfs(rootfs: string): Promise<void> {
  for (const name of ['usr', 'tmp', 'etc', 'root']) await mkdir(join(rootfs, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(rootfs, name));
}

interface WriteBundle {
  readonly lab: Lab;
  readonly folder: string;
  readonly rootfs: string;
  readonly cgroup: string;
  readonly id: string;
  readonly args: readonly string[];
  readonly options: BundleOptions;
}

async function writeBundle({
  lab,
  folder,
  rootfs,
  cgroup,
  id,
  args,
  options,
}: WriteBundle): Promise<MonitoredContainer> {
  const bundle = join(folder, 'bundles', id);
  await mkdir(bundle, { recursive: true });
  const { terminal = false, openStdin = false, stdinOnce = openStdin, log = {}, spec = {} } = options;
  const whole: ContainerSpec = {
    id,
    rootfs,
    isRootfsReadonly: false,
    hostname: 'box',
    process: {
      args,
      env: ['PATH=/usr/sbin:/usr/bin', 'TERM=xterm', 'LC_ALL=C.UTF-8'],
      cwd: '/',
      user: { uid: 0, gid: 0, additionalGids: [0], home: '/root' },
      terminal,
    },
    isPrivileged: false,
    capabilities: DEFAULT_CAPABILITIES,
    noNewPrivileges: false,
    seccomp: 'default',
    mounts: [{ type: 'bind', source: join(lab.root, 'usr'), target: '/usr', isReadonly: true }],
    devices: [],
    deviceCgroupRules: [],
    resources: {},
    rlimits: [],
    sysctls: {},
    namespaces: { network: 'private', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'host' },
    cgroupParent: cgroup,
    shmSizeBytes: 1 << 20,
    ...spec,
  };
  await writeFile(join(bundle, 'config.json'), JSON.stringify(buildSpec(whole)));
  return {
    id,
    bundle,
    terminal,
    openStdin,
    stdinOnce,
    log: { driver: 'json-file', path: join(bundle, 'log.json'), maxSizeBytes: 1e8, maxFiles: 3, ...log },
  };
}

/** Whatever state the test has left it in. */
async function endMonitor(runRoot: string, runtime: RuntimeProgram): Promise<void> {
  if (!existsSync(join(runRoot, 'monitor'))) return;
  const client = await startMonitor({ runRoot, runtime });
  for (const id of await namesIn(join(runRoot, 'monitor/containers')))
    await client.forget(id, { force: true });
  await client.shutDown();
}

/** The monitor's process, from its own file. */
export async function monitorPid(runRoot: string): Promise<number> {
  return Number(await readFile(join(runRoot, 'monitor/monitor.pid'), 'utf8'));
}

/** A folder that is not empty, or busy, is something that was left behind. */
async function removeCgroup(name: string): Promise<void> {
  const top = '/sys/fs/cgroup';
  for (const folder of [join(top, name), ...(await namesIn(top)).map((one) => join(top, one, name))]) {
    for (let attempt = 0; existsSync(folder); attempt++) {
      try {
        await rmdir(folder);
      } catch (error) {
        if (!hasCode(error) || error.code !== 'EBUSY' || attempt > 20) throw error;
        await sleep(50);
      }
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}
