import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { createNetworkNamespace, NETLINK_ROUTE, NetlinkSocket, removeNetworkNamespace } from '@berth/linux';
import { parseMac } from '../addresses/ipv4.ts';
import { NetworkError } from '../errors.ts';
import { assertDone, type Kernel } from '../netlink/kernel.ts';
import {
  addAddress,
  addDefaultRoute,
  addVeth,
  deleteLink,
  getLink,
  readLink,
  setHairpin,
  setUp,
  silenceIpv6,
} from '../netlink/route-messages.ts';

const { EAFNOSUPPORT, ENODEV } = constants.errno;
/** A number of Linux that Node has no name for. */
const EXFULL = 54;
const INSIDE_NAME = 'eth0';

export interface Wire {
  /** Path of the namespace's file. */
  readonly namespacePath: string;
  /** Name of the end that is a port of the bridge. */
  readonly linkName: string;
}

export interface WireAddress {
  readonly address: string;
  readonly prefixLength: number;
  readonly broadcast: string;
  readonly gateway: string;
  readonly macAddress: string;
}

/**
 * A namespace with `eth0`, an address and a way out, the other end in the bridge: two system calls of netlink and no program.
 * After a failure nothing of it is left.
 */
export async function createWire(
  kernel: Kernel,
  options: Wire & WireAddress & { readonly bridgeIndex: number; readonly mtu: number },
): Promise<void> {
  await createNetworkNamespace(options.namespacePath);
  try {
    await joinBridge(kernel, options);
    await configureInside(options);
  } catch (error) {
    dropWire(options);
    await kernel.change([deleteLink(options.linkName)], { what: 'undo a wire', allow: [ENODEV] });
    throw isBridgeFull(error) ? bridgeFull(error) : error;
  }
}

function isBridgeFull(error: unknown): boolean {
  return (error as { readonly detail?: { readonly errno?: unknown } }).detail?.errno === EXFULL;
}

function bridgeFull(cause: unknown): NetworkError {
  return new NetworkError(
    'ADDRESSES_EXHAUSTED',
    'Cannot join a container to the bridge: all its 1023 ports are in use',
    {
      cause,
      hint: 'Remove containers, or start some without a network or with the network of another',
    },
  );
}

async function joinBridge(
  kernel: Kernel,
  options: Wire & WireAddress & { readonly bridgeIndex: number; readonly mtu: number },
): Promise<void> {
  const { linkName } = options;
  const namespaceFd = openSync(options.namespacePath, 'r');
  try {
    const mac = parseMac(options.macAddress);
    await kernel.change(
      [
        addVeth(linkName, { ...options, peer: { name: INSIDE_NAME, mac, namespaceFd } }),
        silenceIpv6(linkName),
        setHairpin(linkName),
        setUp(linkName),
      ],
      { what: `join a container to the bridge by "${linkName}"`, allow: [EAFNOSUPPORT] },
    );
  } finally {
    closeSync(namespaceFd);
  }
}

async function configureInside(options: Wire & WireAddress): Promise<void> {
  using socket = NetlinkSocket.open(NETLINK_ROUTE, { namespacePath: options.namespacePath });
  const what = `give a container the address "${options.address}"`;
  const first = await socket.exchange([getLink(INSIDE_NAME), silenceIpv6(INSIDE_NAME), setUp(INSIDE_NAME)]);
  for (const result of first) assertDone(result, { what, allow: [EAFNOSUPPORT] });
  const reply = first[0]?.replies[0];
  if (reply === undefined) throw new Error(`The kernel does not find "${INSIDE_NAME}" that it has just made`);
  const { index } = readLink(reply);
  // The route needs the address, and that the interface is up.
  const second = await socket.exchange([addAddress(index, options), addDefaultRoute(index, options.gateway)]);
  for (const result of second) assertDone(result, { what });
}

/** The name goes at once; namespace and interfaces when the last process has left it. Idempotent. */
export function dropWire(wire: Wire): void {
  removeNetworkNamespace(wire.namespacePath);
}
