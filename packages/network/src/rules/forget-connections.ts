import { constants } from 'node:os';
import type { PublishedPort } from '../interface.ts';
import {
  deleteConnection,
  listConnections,
  protocolNumber,
  readConnection,
} from '../netlink/conntrack-messages.ts';
import { assertDone, type Kernel } from '../netlink/kernel.ts';
import { listAddresses, readAddress } from '../netlink/route-messages.ts';

const { ENOENT } = constants.errno;
const LOOPBACK = 127;

/**
 * Lets the kernel forget where it sent the datagrams for a port of this machine. It decides once per conversation, and a
 * client that goes on sending would for ever be sent to the container that had the port before, or to none.
 */
export async function forgetConnections(kernel: Kernel, ports: readonly PublishedPort[]): Promise<void> {
  const seen = new Set<string>();
  for (const { protocol, hostPort, hostAddress } of ports) {
    const key = `${protocol} ${hostPort}`;
    if (protocol === 'tcp' || hostAddress.includes(':') || seen.has(key)) continue;
    seen.add(key);
    const here = (await kernel.ask(listAddresses())).map((reply) =>
      readAddress(reply).address.toString('hex'),
    );
    const connections = kernel
      .askNetfilter(listConnections(protocol, hostPort))
      .map(readConnection)
      .filter((connection) => connection !== undefined)
      .filter(({ port, protocol: number }) => port === hostPort && number === protocolNumber(protocol))
      // A conversation that this machine has with that port of another one goes on.
      .filter(({ destination }) => destination[0] === LOOPBACK || here.includes(destination.toString('hex')));
    const results = await kernel.tell(connections.map(deleteConnection));
    for (const result of results) {
      assertDone(result, { what: `forget conversations with port ${hostPort}/${protocol}`, allow: [ENOENT] });
    }
  }
}
