import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from '@berth/errors';
import { RuntimeError } from '../errors.ts';
import type { ContainerSpec, RuntimeProgram } from '../interface.ts';
import { openRuntime } from '../process/open-runtime.ts';
import { buildSpec } from '../spec/build-spec.ts';
import { DEFAULT_CAPABILITIES } from '../spec/capabilities.ts';
import { writeNoOpBundle } from './no-op-bundle.ts';

export interface FindRuntimeOptions {
  /** A name or an absolute path; tried alone. */
  readonly preferred?: string;
  /** A folder for the bundle that is run; what is made in it is removed. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

/** Tried in this order. crun starts faster, and refuses hybrid cgroups. */
const NAMES = ['runc', 'crun'] as const;
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Some ten milliseconds, and many times that on a machine that has just started and is busy. */
const PROBE_TIMEOUT_MS = 60_000;

interface Attempt {
  readonly name: string;
  readonly reason: string;
}

/**
 * The first runtime that runs a container here. A version says little: cgroups, kernel and rights decide, so a program
 * that does nothing is run with everything that a container gets.
 *
 * @throws {RuntimeError} `RUNTIME_MISSING` with what was tried, why it was refused and what to install
 */
export async function findRuntime(options: FindRuntimeOptions): Promise<RuntimeProgram> {
  const attempts: Attempt[] = [];
  for (const name of options.preferred === undefined ? NAMES : [options.preferred]) {
    options.signal?.throwIfAborted();
    const path = locate(name);
    if (path === undefined) {
      attempts.push({ name, reason: 'not found' });
      continue;
    }
    const reason = await whyNot(path, options);
    if (typeof reason !== 'string') return reason;
    attempts.push({ name: path, reason });
  }
  const tried = attempts.map(({ name, reason }) => `"${name}" (${reason})`).join(', ');
  throw new RuntimeError('RUNTIME_MISSING', `Cannot run containers: tried ${tried}`, {
    hint: attempts.every(({ reason }) => reason === 'not found')
      ? 'Install runc: "apt-get install runc" on Debian and Ubuntu, "dnf install runc" on Fedora'
      : 'Install a newer runc, or run as root with cgroups mounted; "berth doctor" tells what is missing',
    detail: { attempts },
  });
}

function locate(name: string): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined;
  const folders = [...(process.env.PATH ?? '').split(':').filter(isAbsolute), ...FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (hasCode(error)) return false;
    throw error;
  }
}

/** @returns the program when it ran something, or the reason why it did not */
async function whyNot(path: string, options: FindRuntimeOptions): Promise<RuntimeProgram | string> {
  const folder = await mkdtemp(join(options.scratch, 'probe-'));
  try {
    const version = await versionOf(path, { stateRoot: join(folder, 'state'), signal: options.signal });
    const program: RuntimeProgram = { name: /[^/]*$/.exec(path)?.[0] ?? path, path, version };
    const id = `probe-${randomBytes(6).toString('hex')}`;
    if (!writeNoOpBundle(folder, (rootfs) => buildSpec(probeSpec(id, rootfs))))
      return `no program to try it with on ${process.arch}`;
    const runtime = openRuntime({ program, stateRoot: join(folder, 'state') });
    try {
      const nothing = { stdin: 'null', stdout: 'null', stderr: 'null' } as const;
      const deadline = AbortSignal.timeout(PROBE_TIMEOUT_MS);
      const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
      await runtime.create(id, { bundle: folder, stdio: nothing, signal });
      await runtime.start(id);
      return program;
    } finally {
      await runtime.delete(id);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Error && error.name === 'TimeoutError')
      return `a container that does nothing did not start in ${PROBE_TIMEOUT_MS / 1000} seconds`;
    if (hasCode(error))
      return ((error as { detail?: { output?: string } }).detail?.output ?? error.message).trim();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws {RuntimeError} `RUNTIME_FAILED` with what it said: a library that it misses, another architecture */
async function versionOf(
  path: string,
  { stateRoot, signal }: { readonly stateRoot: string; readonly signal: AbortSignal | undefined },
): Promise<string> {
  try {
    // Without a root of ours crun makes /run/crun, whatever it is asked.
    const { stdout } = await promisify(execFile)(path, ['--root', stateRoot, '--version'], {
      timeout: PROBE_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    return /version\s+(\S+)/.exec(stdout)?.[1] ?? stdout.split('\n')[0] ?? '';
  } catch (error) {
    signal?.throwIfAborted();
    const said = (error as { stderr?: string }).stderr?.trim();
    const output = said || (error instanceof Error ? error.message : String(error));
    throw new RuntimeError('RUNTIME_FAILED', `Cannot run "${path}": ${output}`, { detail: { output } });
  }
}

function probeSpec(id: string, rootfs: string): ContainerSpec {
  return {
    id,
    rootfs,
    isRootfsReadonly: false,
    hostname: 'probe',
    process: {
      args: ['/true'],
      env: [],
      cwd: '/',
      user: { uid: 0, gid: 0, additionalGids: [], home: '/' },
      terminal: false,
    },
    isPrivileged: false,
    capabilities: DEFAULT_CAPABILITIES,
    noNewPrivileges: false,
    seccomp: 'default',
    mounts: [],
    devices: [],
    deviceCgroupRules: [],
    resources: {},
    rlimits: [],
    sysctls: {},
    // At the top: a folder above it would be left, and could not be removed without racing with others.
    cgroupParent: '/',
    namespaces: { network: 'private', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'host' },
    shmSizeBytes: 65536,
  };
}
