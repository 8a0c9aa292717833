import { readFile } from 'node:fs/promises';
import { DatabaseThread } from '@berth/db';
import { warmThreadPool } from '@berth/linux';
import { openNetworks } from '@berth/network';
import { openLayerStore } from '@berth/storage';
import { checkEngine } from './check.ts';
import { findInitProgram } from './containers/lifecycle/init-program.ts';
import { openContainers } from './containers/open-containers.ts';
import { prepareDataRoot, prepareRunRoot, sweepTemporary } from './data/data-root.ts';
import { claimRunRoot, lockRoots, removeRunning, writeRunning } from './data/lock.ts';
import { type EnginePaths, enginePaths } from './data/paths.ts';
import { openEngineDatabase } from './database/open.ts';
import { EngineError } from './errors.ts';
import { openEvents } from './events/engine-events.ts';
import { openImages } from './images/open-images.ts';
import type { Engine, OpenEngineOptions } from './interface.ts';
import { LateContainers } from './late-containers.ts';
import { openRunning } from './running.ts';
import { describeStorage } from './storage-drivers.ts';
import { measureStorage } from './storage-usage.ts';
import { openSystem } from './system/open-system.ts';
import { openVolumes } from './volumes/open-volumes.ts';

const VERSION = '0.1.0';
const DEFAULT_REGISTRY = 'docker.io';

/**
 * Joins the rooms of one engine, by plain calls, from the bytes up. When it resolves, what ran before runs on, what ended
 * meanwhile has its exit code, and what a crash left behind is gone or going.
 *
 * @throws {EngineError} `DATA_ROOT_BUSY`, `DATA_ROOT_NEWER`, `DATA_ROOT_DENIED`; what storage and network cannot do without
 */
export async function openEngine(options: OpenEngineOptions): Promise<Engine> {
  const { onFault = () => undefined, onStep = () => undefined, version = VERSION } = options;
  options.signal?.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const paths = await takeRoots(options, stack);
  // Workers jail themselves: the pool's threads must be born before them, outside.
  await warmThreadPool();

  const thread = stack.use(new DatabaseThread());
  const [database, storage, networks, running] = await openAll(stack, [
    openEngineDatabase(paths.database, { thread, onStep }),
    openLayerStore({
      root: paths.storage,
      databaseThread: thread,
      ...(options.storageDriver === undefined ? {} : { driver: options.storageDriver }),
      ...(options.storageOptions === undefined ? {} : { driverOptions: options.storageOptions }),
      onFault,
      onStep,
    }),
    openNetworks({
      stateRoot: paths.network,
      runRoot: paths.runRoot,
      ...(options.bridgeName === undefined ? {} : { bridgeName: options.bridgeName }),
      ...(options.bridgeSubnet === undefined ? {} : { subnet: options.bridgeSubnet }),
      onFault,
      onStep,
    }),
    openRunning(paths, { ...options, onFault }),
  ] as const);
  await claimRunRoot(paths, { hasContainers: () => running.hasContainers() });

  const events = stack.use(await openEvents({ database, onFault }));
  const { emit } = events;
  const late = new LateContainers();
  const { dataRoot } = paths;
  const shared = { db: database, containers: late, emit, dataRoot, onFault, onStep };
  const { defaultRegistry, insecureRegistries, registryCa } = options;
  const registries = { defaultRegistry, insecureRegistries, registryCa };
  const ca = registryCa === undefined ? undefined : await readFile(registryCa, 'utf8');
  const [volumes, images] = await Promise.all([
    openVolumes(shared),
    openImages({ ...shared, ...registries, layers: storage, version }),
  ]);
  const containers = stack.use(
    await openContainers({
      ...{ database, storage, paths, emit, onFault, onStep, images, volumes, networks },
      runtimeName: running.program.name,
      monitor: running.monitor,
      runningMonitor: running.found,
    }),
  );
  late.containers = containers;
  const initProgram = await initProgramIfAny();
  const system = openSystem({
    ...{ dataRoot, version, containers, images, volumes },
    registries: {
      defaultRegistry: defaultRegistry ?? DEFAULT_REGISTRY,
      insecureRegistries: insecureRegistries ?? [],
      ...(ca === undefined ? {} : { tls: { ca: [ca] } }),
    },
    runtime: running.program,
    layers: storage,
    initProgram,
    eventListeners: () => events.listeners,
  });

  const owned = stack.move();
  return {
    ...{ containers, images, volumes, events, system },
    networks: { list: () => networks.list(), find: (nameOrId) => networks.find(nameOrId) },
    about: {
      storageDriver: storage.driverName,
      storageDriverReason: storage.driverReason,
      runtime: `${running.program.name} ${running.program.version}`,
    },
    check: (asked = {}) => checkEngine({ storage, database }, asked),
    describeStorage: () => describeStorage(storage),
    storageUsage: (asked = {}) => measureStorage({ storage, database }, asked),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Folders and lock. What was in the middle of something in the data folder is over: nobody else can be in it. */
async function takeRoots(options: OpenEngineOptions, stack: AsyncDisposableStack): Promise<EnginePaths> {
  const paths = enginePaths(options);
  await prepareDataRoot(paths);
  await prepareRunRoot(paths);
  stack.use(lockRoots(paths));
  const { version = VERSION } = options;
  await writeRunning(paths, { pid: process.pid, version, startedAt: new Date().toISOString() });
  stack.defer(() => removeRunning(paths));
  await sweepTemporary(paths);
  return paths;
}

/** Opens side by side; what did open is closed again when one of them does not. */
async function openAll<T extends readonly AsyncDisposable[]>(
  stack: AsyncDisposableStack,
  promises: { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'fulfilled') stack.use(result.value as AsyncDisposable);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

async function initProgramIfAny(): Promise<string | undefined> {
  try {
    return await findInitProgram();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'PROGRAM_MISSING') return undefined;
    throw error;
  }
}
