import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onMachine } from './on-machine.ts';

const NO_PORTS = { network: 'bridge', ports: [] } as const;
const web = (hostPort?: number | readonly [number, number], hostAddress?: string) => ({
  network: 'bridge',
  ports: [
    {
      containerPort: 80,
      protocol: 'tcp' as const,
      ...(hostPort === undefined ? {} : { hostPort }),
      ...(hostAddress === undefined ? {} : { hostAddress }),
    },
  ],
});

test('a published port answers from outside, the machine, loopback of both families, other containers and itself', (t) =>
  onMachine(t, async (machine) => {
    await using networks = await machine.open();
    const ports = [
      { containerPort: 80, protocol: 'tcp', hostPort: 8080 },
      { containerPort: 53, protocol: 'udp', hostPort: 5353 },
    ] as const;
    const web = await networks.createSandbox('web', { network: 'bridge', ports });
    const other = await networks.createSandbox('other', NO_PORTS);
    assert.deepEqual(
      web.ports.map((port) => `${port.hostAddress} ${port.hostPort}/${port.protocol}`),
      ['0.0.0.0 8080/tcp', ':: 8080/tcp', '0.0.0.0 5353/udp', ':: 5353/udp'],
    );
    await using server = await machine.serve('web', { port: 80, in: web.namespacePath });
    await using names = await machine.serve('names', { port: 53, protocol: 'udp', in: web.namespacePath });
    assert.ok(server.pid > 0 && names.pid > 0);

    const near = machine.spaces.near.address;
    const gateway = web.endpoint?.gateway ?? '';
    const inside = { sandbox: web.namespacePath };
    const beside = { sandbox: other.namespacePath };
    for (const [port, protocol, name] of [
      [8080, 'tcp', 'web'],
      [5353, 'udp', 'names'],
    ] as const) {
      const ask = (place: Parameters<typeof machine.ask>[0], host: string) =>
        machine.ask(place, host, port, { protocol });
      assert.equal(
        await ask('outside', near),
        `${name} ${machine.spaces.far.address}`,
        'from outside, with its own address',
      );
      assert.equal(await ask('machine', near), `${name} ${near}`);
      assert.equal(await ask('machine', '127.0.0.1'), `${name} ${gateway}`);
      assert.equal(await ask('machine', '::1'), `${name} ${gateway}`);
      assert.equal(await ask('machine', gateway), `${name} ${gateway}`);
      assert.equal(await ask(beside, near), `${name} ${gateway}`);
      assert.equal(await ask(beside, gateway), `${name} ${gateway}`);
      assert.equal(await ask(inside, near), `${name} ${gateway}`, 'itself, by the address of the machine');
    }
    assert.equal(
      await machine.ask(beside, web.endpoint?.address ?? '', 80),
      `web ${other.endpoint?.address}`,
      'directly',
    );
    await networks.close();
  }));

test('a port that somebody has is refused with who it is, and nothing is left of the container', (t) =>
  onMachine(t, async (machine) => {
    await using networks = await machine.open();
    await using server = await machine.serve('native', { port: 8080, host: '127.0.0.1' });
    const refusal = { code: 'PORT_TAKEN', class: 'conflict' };
    await assert.rejects(networks.createSandbox('one', web(8080)), (error: Error & { detail: unknown }) => {
      assert.equal(error.message, `Cannot publish port 8080/tcp: process ${server.pid} ("node") has it`);
      assert.deepEqual(error.detail, {
        hostAddress: '0.0.0.0',
        hostPort: 8080,
        protocol: 'tcp',
        holder: { kind: 'process', pid: server.pid, name: 'node' },
      });
      return true;
    });
    assert.equal(await networks.sandbox('one'), undefined);
    await networks.createSandbox('two', web(8081));
    await assert.rejects(networks.createSandbox('three', web(8081, '127.0.0.1')), {
      ...refusal,
      message: 'Cannot publish port 8081/tcp of "127.0.0.1": container "two" has it',
    });
    await assert.rejects(networks.createSandbox('four', web(8082, '198.51.100.77')), {
      code: 'ADDRESS_NOT_HERE',
    });
    await assert.rejects(networks.createSandbox('five', web(70_000)), { code: 'PORT_INVALID' });
    await assert.rejects(networks.createSandbox('six', { network: 'nowhere', ports: [] }), {
      code: 'NETWORK_UNKNOWN',
    });
    const both = { network: 'bridge', ports: [...web(8083).ports, ...web(8080).ports] };
    await assert.rejects(networks.createSandbox('seven', both), refusal, 'the first port is free again, too');
    const free = await networks.createSandbox('eight', web(8083));
    assert.equal(free.ports[0]?.hostPort, 8083);
    // What was published is held: the machine's own programs do not get it.
    await assert.rejects(machine.serve('late', { port: 8081 }), /EADDRINUSE/);
    await networks.removeSandbox('two');
    await using late = await machine.serve('late', { port: 8081 });
    assert.ok(late.pid > 0);
    const { stdout } = await machine.run('ip', '-br', 'link');
    assert.equal(stdout.match(/berth-/g)?.length, 1, stdout);
    await networks.removeSandbox('eight');
    await networks.close();
  }));

test('a range gives its first free port, no port any free one, and a range of a thousand is one transaction', (t) =>
  onMachine(t, async (machine) => {
    await using networks = await machine.open();
    await using native = await machine.serve('native', { port: 9000 });
    assert.ok(native.pid > 0);
    const first = await networks.createSandbox('first', web([9000, 9002]));
    const second = await networks.createSandbox('second', web([9000, 9002]));
    assert.deepEqual(
      [first, second].map((sandbox) => sandbox.ports[0]?.hostPort),
      [9001, 9002],
    );
    await assert.rejects(networks.createSandbox('third', web([9000, 9002])), { code: 'PORT_RANGE_TAKEN' });
    const [any, other] = [
      await networks.createSandbox('any', web()),
      await networks.createSandbox('other', web()),
    ];
    const ports = [any, other].map((sandbox) => sandbox.ports[0]?.hostPort ?? 0);
    assert.notEqual(ports[0], ports[1]);
    for (const port of ports) assert.ok(port >= 32_768 && port <= 60_999, String(port));

    const many = Array.from({ length: 1000 }, (_, index) => ({
      containerPort: 20_000 + index,
      protocol: 'tcp' as const,
      hostPort: 20_000 + index,
    }));
    const start = performance.now();
    const wide = await networks.createSandbox('wide', { network: 'bridge', ports: many });
    const middle = performance.now();
    await using server = await machine.serve('wide', { port: 20_999, in: wide.namespacePath });
    assert.ok(server.pid > 0);
    assert.match((await machine.ask('outside', machine.spaces.near.address, 20_999)) ?? '', /^wide /);
    const end = performance.now();
    await networks.removeSandbox('wide');
    const removed = performance.now();
    t.diagnostic(
      `1000 ports published in ${(middle - start).toFixed(0)} ms, taken back in ${(removed - end).toFixed(0)} ms`,
    );
    const map = await machine.must('nft', 'list', 'map', 'ip', 'berth0', 'published-anywhere');
    assert.equal(map.match(/ : /g)?.length, 4 + 1, map);
  }));

test('a client of UDP that goes on sending reaches the next container with the port', (t) =>
  onMachine(t, async (machine) => {
    await using networks = await machine.open();
    const names = {
      network: 'bridge',
      ports: [{ containerPort: 53, protocol: 'udp', hostPort: 5353 }],
    } as const;
    const near = machine.spaces.near.address;
    const ask = () => machine.ask('outside', near, 5353, { protocol: 'udp', fromPort: 4000 });
    const far = machine.spaces.far.address;
    assert.equal(await ask(), undefined);
    const first = await networks.createSandbox('first', names);
    {
      await using server = await machine.serve('first', {
        port: 53,
        protocol: 'udp',
        in: first.namespacePath,
      });
      assert.ok(server.pid > 0);
      assert.equal(await ask(), `first ${far}`);
    }
    await networks.removeSandbox('first');
    assert.equal(await ask(), undefined);
    const second = await networks.createSandbox('second', names);
    await using server = await machine.serve('second', {
      port: 53,
      protocol: 'udp',
      in: second.namespacePath,
    });
    assert.ok(server.pid > 0);
    assert.equal(await ask(), `second ${far}`);
  }));
