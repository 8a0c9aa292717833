import { flushCompileCache } from 'node:module';
import { compose, type Rooms } from './compose.ts';
import type { HubConfig, StartStep } from './config.ts';
import { ownerOfDataFolder, prepareDataFolder } from './data/data-folder.ts';
import { handOver, refusePlantedLinks, shutOut } from './data/hand-over.ts';
import { lockDataFolder, refuseLocked } from './data/lock.ts';
import { makePassable } from './data/passable.ts';
import { type HubPaths, hubPaths } from './data/paths.ts';
import { removeRunning, writeRunning } from './data/running.ts';
import { HubError } from './errors.ts';
import { lacksHello } from './hello/lacks-hello.ts';
import { formatAddress, isLoopback, isWildcard, type ListenAddress } from './listener/address.ts';
import { BaseUrls } from './listener/base-url.ts';
import { type Listener, listen, probeAddress } from './listener/listener.ts';
import { parseTrustedProxies } from './listener/proxies.ts';
import { dropRoot, isLoneMappedUser, isRoot } from './privileges/drop-root.ts';
import { chooseHubUser, type HubUser } from './privileges/hub-user.ts';
import { openServerTls, type ServerTls } from './tls/server-tls.ts';
import { readTlsFiles } from './tls/tls-files.ts';

const HELLO_TIMEOUT_MS = 30_000;

export interface Hub extends AsyncDisposable {
  /** What others call it; `config.url` when there is one. */
  readonly url: string;
  /** Where it is reached from this machine. */
  readonly localUrl: string;
  readonly address: ListenAddress;
  readonly dataFolder: string;
  /** Who the process is now, when it was root before. */
  readonly user: string | undefined;
  /** Of `BERTH_TLS=auto`: the authority that clients have to trust. */
  readonly authorityPath: string | undefined;
  /** While there is no account: the link that makes the first. */
  setupLink(): Promise<string | undefined>;
}

/**
 * Starts registry, Index and pages behind one listener. A process that is root stops being root before the first
 * request; it may have only one Hub then, and nothing else to do.
 *
 * Disposing lets running requests end (at most 10 s), closes everything and frees the data folder; idempotent.
 * An abort while starting leaves a data folder that the next start goes on with.
 *
 * @throws {HubError} with what is wrong with the address, the data folder, the user or the certificate
 */
export async function startHub(
  config: HubConfig,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Hub> {
  const { signal } = options;
  const { address, url } = config;
  refuseInsecureAddress(config);
  const isTrustedProxy = parseTrustedProxies(config.trustedProxies);
  await probeAddress(address);
  const paths = hubPaths(config.dataRoot);
  await using stack = new AsyncDisposableStack();

  const user = await timed('data', () => takeDataFolder(config, { paths, stack }));
  signal?.throwIfAborted();
  const openTls = () =>
    openServerTls({ config: config.tls, folder: paths.tls, authorityPath: paths.authority, url, address });
  const tls = config.tls.mode === 'off' ? undefined : await timed('tls', openTls);
  const baseUrls = new BaseUrls({ url, address });
  const rooms = stack.use(await compose({ config, paths, baseUrls, isTrustedProxy, timed }));
  signal?.throwIfAborted();

  const listener = await timed('listen', () => openDoor(config, { paths, rooms, tls, user }));
  stack.use(listener);
  if (tls !== undefined) stack.use(watchTls(tls, { listener, config }));
  if (user !== undefined) await warnOfUnreadableFiles(config);
  const localUrl = localUrlOf(listener.address, { isTls: tls !== undefined });
  if (config.admin !== undefined) await rooms.index.createAdmin(config.admin);
  await timed('hello', () => firstPush(rooms, { config, ...options }));
  await writeRunning(paths, {
    pid: process.pid,
    url: localUrl,
    version: config.version,
    startedAt: new Date().toISOString(),
  });
  stack.defer(() => removeRunning(paths));

  const owned = stack.move();
  const publicUrl = url?.replace(/\/$/, '') ?? localUrl;
  return {
    url: publicUrl,
    localUrl,
    address: listener.address,
    dataFolder: paths.folder,
    user: user?.label,
    authorityPath: tls?.authorityPath,
    setupLink: () => rooms.index.setup.pendingLink(publicUrl),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };

  async function timed<T>(step: StartStep, work: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    const result = await work();
    config.onProgress?.({ type: 'step', step, ms: performance.now() - begin });
    return result;
  }
}

function refuseInsecureAddress({ address, tls, allowInsecureHttp }: HubConfig): void {
  if (tls.mode !== 'off' || allowInsecureHttp || isLoopback(address.host)) return;
  throw new HubError(
    'ADDRESS_INSECURE',
    `Cannot listen on "${formatAddress(address)}" without TLS: passwords would cross the network in the clear`,
    {
      hint: 'Set BERTH_TLS=auto, or BERTH_INSECURE_HTTP=yes if a TLS proxy or a closed network stands before it',
    },
  );
}

/** Folder, lock and, as root, the user to become. */
async function takeDataFolder(
  config: HubConfig,
  { paths, stack }: { paths: HubPaths; stack: AsyncDisposableStack },
): Promise<HubUser | undefined> {
  const mustDrop = isRoot() && !isLoneMappedUser();
  const owner = mustDrop ? await ownerOfDataFolder(paths) : undefined;
  const user = mustDrop ? await chooseHubUser({ configured: config.user, owner }) : undefined;
  if (owner !== undefined) {
    // Before the folder is closed: a Hub that runs needs it.
    await refuseLocked(paths);
    // A start that fails gives back what it took.
    stack.defer(() => (isRoot() ? handOver(paths, owner) : undefined));
    await shutOut(paths);
    await refusePlantedLinks(paths);
  }
  await prepareDataFolder(paths);
  if (user !== undefined) await makePassable(paths, user);
  stack.use(await lockDataFolder(paths));
  return user;
}

interface DoorOptions {
  readonly paths: HubPaths;
  readonly rooms: Rooms;
  readonly tls: ServerTls | undefined;
  readonly user: HubUser | undefined;
}

async function openDoor({ address }: HubConfig, { paths, rooms, tls, user }: DoorOptions): Promise<Listener> {
  if (user !== undefined) {
    if (await lacksHello(rooms.registry)) await (await loadFirstPush()).rehearsePush();
    await handOver(paths, user);
    flushCompileCache();
  }
  return listen({
    address,
    tls: tls?.initial,
    onRequest: rooms.onRequest,
    beforeFirstRequest: user === undefined ? undefined : () => dropRoot(user),
  });
}

function watchTls(
  tls: ServerTls,
  { listener, config }: { listener: Listener; config: HubConfig },
): Disposable {
  return tls.watch({
    onPair: (pair) => listener.setCertificate(pair),
    onError: (error) =>
      warn(config, `The certificate was not renewed, the old one stays: ${(error as Error).message}`),
  });
}

/** The registry client is only loaded for the one start that needs it; as root that is before root is given up. */
function loadFirstPush(): Promise<typeof import('./hello/first-push.ts')> {
  return import('./hello/first-push.ts');
}

/** The first certificate was read by root; the next ones are read by the Hub's user. */
async function warnOfUnreadableFiles(config: HubConfig): Promise<void> {
  if (config.tls.mode !== 'files') return;
  try {
    await readTlsFiles(config.tls);
  } catch (error) {
    warn(config, `A new certificate will not be noticed: ${(error as Error).message}`);
  }
}

/** A Hub without its greeting is still a Hub: a failure is told and not thrown. */
async function firstPush(
  rooms: Rooms,
  { config, signal }: { config: HubConfig; signal?: AbortSignal },
): Promise<void> {
  const timeout = AbortSignal.timeout(HELLO_TIMEOUT_MS);
  try {
    if (!(await lacksHello(rooms.registry))) return;
    const { pushHelloOnce } = await loadFirstPush();
    await pushHelloOnce(rooms.registry, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
  } catch (error) {
    signal?.throwIfAborted();
    warn(
      config,
      `The first image could not be made, the next start tries again: ${(error as Error).message}`,
    );
  }
}

function warn({ onProgress }: HubConfig, message: string): void {
  onProgress?.({ type: 'warning', message });
}

function localUrlOf(address: ListenAddress, { isTls }: { isTls: boolean }): string {
  const isAnywhere = isWildcard(address.host) || address.host === '127.0.0.1';
  return `${isTls ? 'https' : 'http'}://${formatAddress(isAnywhere ? { ...address, host: 'localhost' } : address)}`;
}
