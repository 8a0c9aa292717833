import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '@berth/network';
import { buildSpec, resolveUser } from '@berth/runtime';
import { containerPaths } from '../../data/paths.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { volumesOf } from '../plan-mounts.ts';
import { logSettings } from '../settings/log-config.ts';
import { portRequests } from '../settings/ports.ts';
import { tell, tellNetwork, tellVolume } from '../tell.ts';
import { timeText } from '../times.ts';
import { specMounts } from './bind-sources.ts';
import { containerSpec, hostnameOf } from './container-spec.ts';
import { findInitProgram } from './init-program.ts';
import { joinedContainer } from './joined.ts';
import { type NameFilePaths, writeNameFiles } from './name-files.ts';
import { startFailure } from './start-error.ts';

/**
 * Runs a container that does not run. The caller holds its mutex.
 *
 * Root filesystem, network and folders are made side by side; then init is created in them, those who wait to attach are
 * connected, and the command runs. After a failure nothing of it is left, and the state says why, with 126, 127 or 128.
 */
export async function startContainer(context: ContainersContext, container: Container): Promise<void> {
  await using undo = new AsyncDisposableStack();
  try {
    const monitor = context.monitor();
    const prepared = await prepare(context, container, undo);
    const pid = await monitor.create(prepared);
    undo.defer(() => monitor.forget(container.id, { force: true }));
    await monitor.start(container.id);
    undo.move();
    container.waitingClients.clear();
    container.endsOnNextExit = false;
    container.state = {
      ...container.state,
      status: 'running',
      pid,
      exitCode: 0,
      error: '',
      isOomKilled: false,
      startedAt: timeText(new Date()),
      isManuallyStopped: false,
    };
    tell(context.emit, container, { action: 'start' });
    // Not waited for: should it be lost with the engine, the monitor still knows that it runs.
    context.background.run('state of a container', () => context.rows.save(container));
  } catch (error) {
    try {
      await undo.disposeAsync();
    } catch (fault) {
      context.onFault(fault, `undo of the start of container ${container.id}`);
    }
    throw noteFailure(context, container, error);
  }
}

function noteFailure(context: ContainersContext, container: Container, error: unknown): Error {
  const { exitCode, error: failure } = startFailure(error, container.settings.hostConfig.NetworkMode);
  container.state = {
    ...container.state,
    status: container.state.startedAt === undefined ? 'created' : 'exited',
    pid: 0,
    exitCode,
    error: failure.message,
    ...(container.state.startedAt === undefined ? {} : { finishedAt: timeText(new Date()) }),
  };
  context.background.run('clients of a container', () => container.sendClientsHome());
  context.background.run('state of a container', () => context.rows.save(container));
  return failure;
}

async function prepare(context: ContainersContext, container: Container, undo: AsyncDisposableStack) {
  const { config, hostConfig, mounts } = container.settings;
  const paths = containerPaths(context.paths, container.id);
  const networkOf = joinedContainer(context, container, { mode: hostConfig.NetworkMode, what: 'network' });
  const pidOf = joinedContainer(context, container, { mode: hostConfig.PidMode, what: 'PID' });
  const hostname = hostnameOf(networkOf ?? container);

  const [rootfs, network, boundMounts, initProgram] = await allOrFirstFailure([
    mountRootfs(context, container, undo),
    openNetwork(context, container, { networkOf, hostname, undo, folder: paths.folder }),
    specMounts(mounts, context.volumes),
    hostConfig.Init === true ? findInitProgram() : Promise.resolve(undefined),
    makeBundleFolder(paths.bundle, undo),
  ] as const);
  for (const volume of volumesOf(mounts)) tellVolume(context.emit, container, { action: 'mount', volume });

  const spec = containerSpec(container, {
    rootfs,
    user: resolveUser(rootfs, config.User ?? '', hostConfig.GroupAdd ?? []),
    hostname,
    network: network.namespacePath,
    pidOf: pidOf?.state.pid,
    nameFiles: network.nameFiles,
    mounts: boundMounts,
    initProgram,
  });
  await writeFile(join(paths.bundle, 'config.json'), JSON.stringify(buildSpec(spec)), { mode: 0o600 });
  return {
    id: container.id,
    bundle: paths.bundle,
    terminal: config.Tty === true,
    openStdin: config.OpenStdin === true,
    stdinOnce: config.StdinOnce === true,
    log: logSettings(hostConfig.LogConfig, paths.log),
    ...(spec.process.consoleSize === undefined ? {} : { consoleSize: spec.process.consoleSize }),
  };
}

async function mountRootfs(
  { storage }: ContainersContext,
  container: Container,
  undo: AsyncDisposableStack,
): Promise<string> {
  const rootfs = await storage.mount(container.id);
  container.rootfs = rootfs;
  undo.defer(async () => {
    container.rootfs = undefined;
    await storage.unmount(container.id);
  });
  return rootfs;
}

async function makeBundleFolder(path: string, undo: AsyncDisposableStack): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  undo.defer(() => rm(path, { recursive: true, force: true }));
}

/** The namespace to run in and the files that go with it: its own, or another container's. */
async function openNetwork(
  context: ContainersContext,
  container: Container,
  options: {
    readonly networkOf: Container | undefined;
    readonly hostname: string;
    readonly folder: string;
    readonly undo: AsyncDisposableStack;
  },
): Promise<{ readonly namespacePath: string | 'host'; readonly nameFiles: NameFilePaths }> {
  const { networkOf, hostname, folder, undo } = options;
  const madeFolder = mkdir(folder, { recursive: true, mode: 0o700 });
  if (networkOf !== undefined) {
    await madeFolder;
    const nameFiles = containerPaths(context.paths, networkOf.id);
    const { pid } = networkOf.state;
    return { namespacePath: networkOf.sandbox?.namespacePath ?? `/proc/${pid}/ns/net`, nameFiles };
  }
  const sandbox = await createSandbox(context, container, undo);
  await madeFolder;
  const nameFiles = await writeNameFiles(context, container, { sandbox, hostname });
  return { namespacePath: sandbox.namespacePath, nameFiles };
}

async function createSandbox(
  context: ContainersContext,
  container: Container,
  undo: AsyncDisposableStack,
): Promise<Sandbox> {
  const { config, hostConfig, macAddress } = container.settings;
  const network = config.NetworkDisabled === true ? 'none' : (hostConfig.NetworkMode ?? 'bridge');
  const hasPorts = network !== 'host' && network !== 'none';
  const [info, sandbox] = await allOrFirstFailure([
    context.networks.find(network),
    context.networks.createSandbox(container.id, {
      network,
      ports: hasPorts ? portRequests(config, hostConfig) : [],
      ...(macAddress === undefined ? {} : { macAddress }),
    }),
  ] as const);
  container.network = info;
  container.sandbox = sandbox;
  tellOfNetwork(context, container, 'connect');
  undo.defer(async () => {
    tellOfNetwork(context, container, 'disconnect');
    container.sandbox = undefined;
    await context.networks.removeSandbox(container.id);
  });
  return sandbox;
}

export function tellOfNetwork(
  context: ContainersContext,
  container: Container,
  action: 'connect' | 'disconnect',
): void {
  const { network } = container;
  if (network === undefined || container.sandbox === undefined) return;
  tellNetwork(context.emit, container, { action, id: network.id, name: network.name, type: network.driver });
}

/** Waits for all, also when one has failed: what the others made is then there to be undone. */
async function allOrFirstFailure<T extends readonly unknown[]>(
  promises: { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
