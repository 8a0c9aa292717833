import { createSocket } from 'node:dgram';
import { createServer, isIPv6, type Socket } from 'node:net';
import { hasCode } from '@berth/errors';
import { DatagramRelay, type RelayTarget, relayConnection } from './relay.ts';

/**
 * A port of the machine, held by a socket of this process for as long as it is published: nobody else gets it.
 *
 * IPv4 traffic never arrives here, since the rules take it to the container before a socket is looked for. What does
 * arrive is passed on: IPv6, which no rule can bring to a container that has an IPv4 address only, and IPv4 when
 * somebody has flushed the rules, which `onStray` is told.
 */
export interface PortHolder extends AsyncDisposable {
  /** The families it is held for. */
  readonly families: readonly (4 | 6)[];
  readonly port: number;
}

export interface HoldOptions {
  readonly protocol: 'tcp' | 'udp';
  /** `undefined`: all addresses of both families. */
  readonly address: string | undefined;
  readonly port: number;
  readonly target: RelayTarget;
  readonly onStray?: () => void;
}

/** @throws the error of `listen` or `bind`: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES` */
export async function holdPort(options: HoldOptions): Promise<PortHolder> {
  const { address } = options;
  if (address !== undefined) {
    const family = isIPv6(address) ? 6 : 4;
    return await open(options, { address, isOnlyIpv6: family === 6, families: [family] });
  }
  try {
    return await open(options, { address: '::', isOnlyIpv6: false, families: [4, 6] });
  } catch (error) {
    // A machine without IPv6.
    if (!hasCode(error) || !['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(error.code)) throw error;
    return await open(options, { address: '0.0.0.0', isOnlyIpv6: false, families: [4] });
  }
}

interface Place {
  readonly address: string;
  readonly isOnlyIpv6: boolean;
  readonly families: readonly (4 | 6)[];
}

async function open(options: HoldOptions, place: Place): Promise<PortHolder> {
  return options.protocol === 'tcp' ? await openTcp(options, place) : await openUdp(options, place);
}

async function openTcp(options: HoldOptions, place: Place): Promise<PortHolder> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    if (isIpv4(client.remoteAddress)) options.onStray?.();
    relayConnection(client, options.target);
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(
      { host: place.address, port: options.port, ipv6Only: place.isOnlyIpv6, exclusive: true },
      () => {
        server.off('error', fail);
        done();
      },
    );
  });
  // Running out of file descriptors while accepting is no reason to end.
  server.on('error', () => undefined);
  server.unref();
  return {
    families: place.families,
    port: options.port,
    [Symbol.asyncDispose]: async () => {
      for (const client of open) client.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function openUdp(options: HoldOptions, place: Place): Promise<PortHolder> {
  const socket = createSocket({
    type: place.address.includes(':') ? 'udp6' : 'udp4',
    ipv6Only: place.isOnlyIpv6,
  });
  using stack = new DisposableStack();
  stack.defer(() => socket.close());
  const relay = new DatagramRelay(socket, options.target);
  await new Promise<void>((done, fail) => {
    socket.once('error', fail);
    socket.bind({ address: place.address, port: options.port, exclusive: true }, () => {
      socket.off('error', fail);
      done();
    });
  });
  socket.on('error', () => undefined);
  socket.on('message', (datagram, client) => {
    if (isIpv4(client.address)) options.onStray?.();
    relay.pass(datagram, client);
  });
  socket.unref();
  stack.use(relay);
  const opened = stack.move();
  return {
    families: place.families,
    port: options.port,
    [Symbol.asyncDispose]: async () => opened.dispose(),
  };
}

/** On a socket of both families IPv4 comes as `::ffff:…`. */
function isIpv4(address: string | undefined): boolean {
  return address !== undefined && (!address.includes(':') || address.startsWith('::ffff:'));
}
