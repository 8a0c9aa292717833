import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { HostPorts } from './host-ports.ts';
import { holdPort } from './port-holder.ts';
import { findPortUser, socketsOnPort } from './port-user.ts';

/** Stands for a container: it says back what it hears, and ends when its client has ended. */
async function startEcho(t: TestContext): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function startUdpEcho(t: TestContext): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (text, from) => socket.send(text, from.port, from.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket.address().port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function say(host: string, port: number, text: string): Promise<string> {
  const socket = connect({ host, port });
  socket.end(text);
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
  return answer;
}

test('holdPort() of TCP passes on what no rule took, half-closed connections too, and tells of IPv4', async (t) => {
  const target = { address: '127.0.0.1', port: await startEcho(t) };
  const port = await freePort();
  let strays = 0;
  await using holder = await holdPort({
    protocol: 'tcp',
    address: undefined,
    port,
    target,
    onStray: () => strays++,
  });
  const long = 'x'.repeat(300_000);
  if (holder.families.includes(6)) assert.equal(await say('::1', port, long), long);
  assert.equal(strays, 0);
  assert.equal(await say('127.0.0.1', port, long), long);
  assert.equal(strays, 1);
});

test('holdPort() resets a client whose container does not listen', async () => {
  const port = await freePort();
  const target = { address: '127.0.0.1', port: await freePort() };
  await using holder = await holdPort({ protocol: 'tcp', address: '127.0.0.1', port, target });
  assert.deepEqual(holder.families, [4]);
  await assert.rejects(say('127.0.0.1', port, 'hello'), { code: 'ECONNRESET' });
});

test('holdPort() of UDP brings answers back to each client', async (t) => {
  const target = { address: '127.0.0.1', port: await startUdpEcho(t) };
  const port = await freePort();
  await using holder = await holdPort({ protocol: 'udp', address: undefined, port, target });
  for (const host of holder.families.includes(6) ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
    const clients = await Promise.all(
      ['one', 'two'].map(async (text) => {
        const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
        socket.send(text, port, host);
        const [answer] = await once(socket, 'message');
        socket.close();
        return String(answer);
      }),
    );
    assert.deepEqual(clients, ['one', 'two'], host);
  }
});

test('a held port is refused to others until it is released, and connections end with it', async (t) => {
  const target = { address: '127.0.0.1', port: await startEcho(t) };
  const port = await freePort();
  const holder = await holdPort({ protocol: 'tcp', address: '127.0.0.1', port, target });
  await assert.rejects(holdPort({ protocol: 'tcp', address: '127.0.0.1', port, target }), {
    code: 'EADDRINUSE',
  });
  const client = connect({ host: '127.0.0.1', port });
  client.on('error', () => undefined);
  client.write('hello');
  await once(client, 'data');
  await holder[Symbol.asyncDispose]();
  await once(client, 'close');
  await using again = await holdPort({ protocol: 'tcp', address: '127.0.0.1', port, target });
  assert.equal(again.port, port);
});

test('HostPorts takes all ports of a container or none, also after an abort', async () => {
  await using ports = new HostPorts({ onStray: () => undefined });
  const [free, taken] = [await freePort(), await freePort()];
  await using rival = await holdPort({
    protocol: 'tcp',
    address: '127.0.0.1',
    port: taken,
    target: { address: '127.0.0.1', port: 1 },
  });
  assert.equal(rival.port, taken);
  const request = (hostPort: number) => ({
    containerPort: 80,
    protocol: 'tcp' as const,
    hostPort,
    hostAddress: '127.0.0.1',
  });
  await assert.rejects(
    ports.hold('one', [request(free), request(taken)], { target: '127.0.0.1' }),
    (error: Error & { detail: { holder: unknown } }) => {
      assert.match(
        error.message,
        new RegExp(
          `^Cannot publish port ${taken}/tcp of "127.0.0.1": process ${process.pid} \\(".*"\\) has it$`,
        ),
      );
      return true;
    },
  );
  const signal = AbortSignal.abort();
  await assert.rejects(ports.hold('two', [request(free)], { target: '127.0.0.1', signal }), {
    name: 'AbortError',
  });
  const published = await ports.hold('three', [request(free)], { target: '127.0.0.1' });
  assert.deepEqual(published, [
    { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: free },
  ]);
  await assert.rejects(
    ports.hold('four', [{ ...request(free), hostAddress: '0.0.0.0' }], { target: '127.0.0.1' }),
    { code: 'PORT_TAKEN' },
  );
  // SCTP is another matter, and so is another address.
  const sctp = await ports.hold('five', [{ containerPort: 80, protocol: 'sctp', hostPort: free }], {
    target: '127.0.0.1',
  });
  assert.deepEqual(
    sctp.map((port) => port.hostAddress),
    ['0.0.0.0'],
  );
  await assert.rejects(
    ports.hold('six', [{ containerPort: 80, protocol: 'sctp', hostPort: free, hostAddress: '127.0.0.1' }], {
      target: '127.0.0.1',
    }),
    { code: 'PORT_TAKEN' },
  );
  await ports.hold('seven', [{ ...request(free), hostAddress: '127.0.0.2' }], { target: '127.0.0.1' });
});

test('HostPorts holds again after a restart, and says which it could not', async () => {
  await using ports = new HostPorts({ onStray: () => undefined });
  const [free, taken] = [await freePort(), await freePort()];
  await using rival = await holdPort({
    protocol: 'tcp',
    address: '127.0.0.1',
    port: taken,
    target: { address: '127.0.0.1', port: 1 },
  });
  assert.equal(rival.port, taken);
  const port = (hostPort: number, hostAddress: string) => ({
    containerPort: 80,
    protocol: 'tcp' as const,
    hostAddress,
    hostPort,
  });
  const failed = await ports.holdAgain(
    'one',
    [port(free, '0.0.0.0'), port(free, '::'), port(taken, '127.0.0.1')],
    { target: '127.0.0.1' },
  );
  assert.deepEqual(
    failed.map((one) => one.port.hostPort),
    [taken],
  );
  assert.ok(ports.isHeld('one'));
  await assert.rejects(ports.hold('two', [port(free, '::1')], { target: '127.0.0.1' }), {
    code: 'PORT_TAKEN',
  });
  await ports.release('one');
  await ports.release('one');
  assert.equal((await ports.hold('two', [port(free, '127.0.0.1')], { target: '127.0.0.1' })).length, 1);
});

test('HostPorts refuses what is no port and no address', async () => {
  await using ports = new HostPorts({ onStray: () => undefined });
  const refused = async (request: Partial<Parameters<typeof ports.hold>[1][number]>, code: string) =>
    await assert.rejects(
      ports.hold('x', [{ containerPort: 80, protocol: 'tcp', ...request }], { target: '127.0.0.1' }),
      { code },
    );
  await refused({ containerPort: 0 }, 'PORT_INVALID');
  await refused({ hostPort: 65_536 }, 'PORT_INVALID');
  await refused({ hostPort: 1.5 }, 'PORT_INVALID');
  await refused({ hostPort: [9001, 9000] }, 'PORT_INVALID');
  await refused({ hostPort: [0, 10] }, 'PORT_INVALID');
  await refused({ hostAddress: 'localhost' }, 'ADDRESS_INVALID');
  await refused({ protocol: 'sctp', hostAddress: '::' }, 'ADDRESS_INVALID');
  await refused({ hostAddress: '192.0.2.77', hostPort: 9000 }, 'ADDRESS_NOT_HERE');
});

test('socketsOnPort() reads /proc/net/tcp', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
`;
  assert.deepEqual(socketsOnPort(table, { port: 8080, isListening: true }), ['4711']);
  assert.deepEqual(socketsOnPort(table, { port: 8080, isListening: false }), ['4711', '4712']);
});

test('findPortUser() finds this process, and nobody where nobody is', async (t) => {
  const port = await startEcho(t);
  assert.equal((await findPortUser('tcp', port))?.pid, process.pid);
  assert.equal(await findPortUser('tcp', await freePort()), undefined);
  assert.equal((await findPortUser('udp', await startUdpEcho(t)))?.pid, process.pid);
});
