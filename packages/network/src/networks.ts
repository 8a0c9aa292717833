import { readdirSync, statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { createNetworkNamespace, removeNetworkNamespace } from '@berth/linux';
import { chooseSubnet } from './addresses/choose-subnet.ts';
import { formatSubnet, parseSubnet, type Subnet } from './addresses/ipv4.ts';
import { subnetsInUse } from './bridge/bridge.ts';
import { BridgeNetwork } from './bridge/bridge-network.ts';
import { NetworkError } from './errors.ts';
import { makeNameFiles } from './files/name-files.ts';
import type {
  NameFiles,
  NameFilesOptions,
  NetworkInfo,
  Networks,
  OpenNetworksOptions,
  Sandbox,
  SandboxOptions,
} from './interface.ts';
import { Kernel } from './netlink/kernel.ts';
import { Forwarding } from './state/forwarding.ts';
import { type NetworkFile, openNetworkFile, saveNetworkFile } from './state/network-file.ts';
import { type SandboxRecord, SandboxRecords } from './state/sandbox-records.ts';

const DEFAULT_BRIDGE = 'berth0';
/** Magic number of the file system that namespaces are files of. */
const NSFS_MAGIC = 0x6e736673;

/**
 * Opens the networks of one engine. Nothing is changed in the kernel until the first container, or `restore`.
 *
 * Below `runRoot`, which need not survive a reboot: `netns/` with the namespaces, `sandboxes/` with a record of each. Below
 * `stateRoot`: `networks.json`. One engine at a time has them; the caller sees to that.
 */
export async function openNetworks(options: OpenNetworksOptions): Promise<Networks> {
  const namespaceFolder = join(options.runRoot, 'netns');
  const recordFolder = join(options.runRoot, 'sandboxes');
  for (const folder of [options.stateRoot, namespaceFolder, recordFolder]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  using stack = new DisposableStack();
  const kernel = stack.use(new Kernel());
  const records = new SandboxRecords(recordFolder);
  const bridgeName = options.bridgeName ?? DEFAULT_BRIDGE;
  const { file, subnet } = await settleSubnet(kernel, { ...options, bridgeName, records });
  const bridge = new BridgeNetwork({
    id: file.ids.bridge,
    name: 'bridge',
    bridgeName,
    subnet,
    namespaceFolder,
    kernel,
    records,
    forwarding: new Forwarding(options.runRoot, records.bootId),
    onFault: options.onFault ?? (() => undefined),
    onStep: options.onStep ?? (() => undefined),
  });
  return new OpenNetworks({ file, bridgeName, bridge, records, namespaceFolder, opened: stack.move() });
}

/** The subnet of last time, unless a route has come to overlap it while no container had an address of it. */
async function settleSubnet(
  kernel: Kernel,
  options: OpenNetworksOptions & { readonly bridgeName: string; readonly records: SandboxRecords },
): Promise<{ readonly file: NetworkFile; readonly subnet: Subnet }> {
  const file = await openNetworkFile(options.stateRoot);
  const used = options.records.all().find((record) => record.network === 'bridge')?.sandbox.endpoint;
  const last = file.subnet === undefined ? undefined : parseSubnet(file.subnet);
  let subnet: Subnet;
  if (used !== undefined) {
    subnet = parseSubnet(`${used.address}/${used.prefixLength}`);
  } else {
    subnet =
      options.subnet === undefined
        ? chooseSubnet(await subnetsInUse(kernel, options.bridgeName), { preferred: last })
        : parseSubnet(options.subnet);
  }
  if (formatSubnet(subnet) === file.subnet) return { file, subnet };
  const changed: NetworkFile = { ...file, subnet: formatSubnet(subnet) };
  await saveNetworkFile(options.stateRoot, changed);
  return { file: changed, subnet };
}

interface OpenNetworksParts {
  readonly file: NetworkFile;
  readonly bridgeName: string;
  readonly bridge: BridgeNetwork;
  readonly records: SandboxRecords;
  readonly namespaceFolder: string;
  readonly opened: DisposableStack;
}

class OpenNetworks implements Networks {
  readonly #parts: OpenNetworksParts;
  /** What is being done for a container: one thing at a time. */
  readonly #work = new Map<string, Promise<unknown>>();
  #restoring: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(parts: OpenNetworksParts) {
    this.#parts = parts;
  }

  async list(): Promise<readonly NetworkInfo[]> {
    const { file, bridge, bridgeName } = this.#parts;
    const nothing = { subnet: undefined, gateway: undefined, interfaceName: undefined };
    const createdAt = new Date(file.createdAt);
    return [
      {
        id: file.ids.bridge,
        name: 'bridge',
        driver: 'bridge',
        subnet: formatSubnet(bridge.subnet),
        gateway: bridge.gateway,
        interfaceName: bridgeName,
        createdAt,
      },
      { id: file.ids.host, name: 'host', driver: 'host', ...nothing, createdAt },
      { id: file.ids.none, name: 'none', driver: 'null', ...nothing, createdAt },
    ];
  }

  async find(nameOrId: string): Promise<NetworkInfo | undefined> {
    const all = await this.list();
    const exact = all.find(({ name, id }) => name === nameOrId || id === nameOrId);
    if (exact !== undefined || nameOrId === '') return exact;
    const [found, another] = all.filter(({ id }) => id.startsWith(nameOrId));
    if (another === undefined) return found;
    throw new NetworkError(
      'NETWORK_AMBIGUOUS',
      `Cannot tell which network "${nameOrId}" is: more than one id begins so`,
    );
  }

  async createSandbox(containerId: string, options: SandboxOptions): Promise<Sandbox> {
    assertFileName(containerId);
    // "default" is how Docker's clients say that they did not choose.
    const network = await this.find(options.network === 'default' ? 'bridge' : options.network);
    if (network === undefined) {
      throw new NetworkError(
        'NETWORK_UNKNOWN',
        `Cannot find network "${options.network}": it is none of bridge, host and none`,
      );
    }
    return await this.#alone(containerId, async () => {
      await this.#remove(containerId);
      options.signal?.throwIfAborted();
      if (network.driver === 'bridge')
        return (await this.#parts.bridge.connect(containerId, options)).sandbox;
      if (network.driver === 'host') return this.#record(containerId, 'host', 'host');
      const namespacePath = join(this.#parts.namespaceFolder, `none-${containerId}`);
      removeNetworkNamespace(namespacePath);
      await createNetworkNamespace(namespacePath);
      return this.#record(containerId, 'none', namespacePath);
    });
  }

  async sandbox(containerId: string): Promise<Sandbox | undefined> {
    return this.#parts.records.get(containerId)?.sandbox;
  }

  async removeSandbox(containerId: string): Promise<void> {
    assertFileName(containerId);
    await this.#alone(containerId, () => this.#remove(containerId));
  }

  async restore(containerIds: readonly string[]): Promise<readonly string[]> {
    this.#assertOpen();
    const before = Promise.allSettled([this.#restoring, ...this.#work.values()]);
    // What is just being made is in no record yet: nothing is made meanwhile.
    const restoring = before.then(() => this.#restore(new Set(containerIds)));
    this.#restoring = restoring.catch(() => undefined);
    return await restoring;
  }

  async #restore(known: ReadonlySet<string>): Promise<readonly string[]> {
    const { records, bridge } = this.#parts;
    const lines: string[] = [];
    for (const record of records.all()) {
      const isKnown = known.has(record.containerId);
      if (isKnown && isAlive(record)) continue;
      await this.#remove(record.containerId);
      const why = isKnown ? 'whose namespace is gone' : 'that is gone';
      lines.push(`network of container ${record.containerId.slice(0, 12)} ${why}`);
    }
    lines.push(...this.#removeStrayNamespaces());
    lines.push(...(await bridge.restore()));
    return lines;
  }

  async nameFiles(options: NameFilesOptions): Promise<NameFiles> {
    return await makeNameFiles(options, { hostGateway: this.#parts.bridge.gateway });
  }

  async footprint(): Promise<readonly string[]> {
    this.#assertOpen();
    return await this.#parts.bridge.footprint();
  }

  #record(containerId: string, network: 'host' | 'none', namespacePath: string | 'host'): Sandbox {
    const sandbox: Sandbox = { namespacePath, endpoint: undefined, ports: [] };
    const { records } = this.#parts;
    records.put({ version: 1, bootId: records.bootId, containerId, network, sandbox, linkName: undefined });
    return sandbox;
  }

  async #remove(containerId: string): Promise<void> {
    const { records, bridge } = this.#parts;
    const record = records.get(containerId);
    if (record === undefined) return;
    if (record.network === 'bridge') return await bridge.disconnect(record);
    records.delete(containerId);
    if (record.sandbox.namespacePath !== 'host') removeNetworkNamespace(record.sandbox.namespacePath);
  }

  #removeStrayNamespaces(): readonly string[] {
    const { records, namespaceFolder } = this.#parts;
    const known = new Set(records.all().map((record) => record.sandbox.namespacePath));
    const strays = readdirSync(namespaceFolder)
      .map((name) => join(namespaceFolder, name))
      .filter((path) => !known.has(path));
    for (const path of strays) removeNetworkNamespace(path);
    return strays.map((path) => `namespace "${path}" of no container`);
  }

  async #alone<T>(containerId: string, run: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    const before = Promise.allSettled([this.#restoring, this.#work.get(containerId)]);
    const work = before.then(run);
    this.#work.set(containerId, work);
    try {
      return await work;
    } finally {
      if (this.#work.get(containerId) === work) this.#work.delete(containerId);
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new NetworkError('CLOSED', 'Cannot use networks after they were closed');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([this.#restoring, ...this.#work.values()]);
    try {
      await this.#parts.bridge[Symbol.asyncDispose]();
    } finally {
      this.#parts.opened.dispose();
    }
  }
}

/** A namespace that the file still is. */
function isAlive({ sandbox }: SandboxRecord): boolean {
  if (sandbox.namespacePath === 'host') return true;
  try {
    return statfsSync(sandbox.namespacePath).type === NSFS_MAGIC;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Ids come from the engine and are names of files here. */
function assertFileName(containerId: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(containerId)) return;
  throw new Error(`"${containerId}" is no id of a container`);
}
