import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';
import { onMachine } from './on-machine.ts';

const WEB = { network: 'bridge', ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080 }] } as const;

/** All rules that are not a container's business: before, and again after. */
async function rulesOf(machine: Machine): Promise<string> {
  const text = await machine.must('nft', 'list', 'ruleset');
  return text.replace(/packets \d+ bytes \d+/g, '');
}

for (const kind of ['iptables-nft', 'iptables-legacy'] as const) {
  for (const withDocker of [true, false]) {
    const where = withDocker ? 'with Docker' : 'without Docker';
    test(`containers get through a FORWARD policy of DROP by ${kind} ${where}, and it is as before afterwards`, (t) =>
      onMachine(t, async (machine) => {
        const iptables = (...args: readonly string[]) => machine.must(kind, '-w', ...args);
        await iptables('-P', 'FORWARD', 'DROP');
        if (withDocker) {
          await iptables('-N', 'DOCKER-USER');
          await iptables('-A', 'DOCKER-USER', '-j', 'RETURN');
          await iptables('-I', 'FORWARD', '-j', 'DOCKER-USER');
        }
        const before = await iptables('-S');
        await using networks = await machine.open({}, { PATH: machine.labPath });
        const web = await networks.createSandbox('web', WEB);
        await using _server = await machine.serve('web', { port: 80, in: web.namespacePath });
        await using _outside = await machine.serve('far', { port: 81, in: machine.outside });
        assert.equal(
          await machine.ask('outside', machine.spaces.near.address, 8080),
          `web ${machine.spaces.far.address}`,
        );
        assert.equal(
          await machine.ask({ sandbox: web.namespacePath }, machine.spaces.far.address, 81),
          `far ${machine.spaces.near.address}`,
          'a container speaks as the machine',
        );
        const during = await iptables('-S');
        assert.match(
          during,
          new RegExp(`-A ${withDocker ? 'DOCKER-USER' : 'FORWARD'} -i berth0 .*-j ACCEPT`),
        );
        await networks.removeSandbox('web');
        await networks.close();
        assert.equal(await iptables('-S'), before);
      }));
  }
}

test('nothing but published ports is reached from outside, nor loopback of the machine from a container', (t) =>
  onMachine(t, async (machine) => {
    await using networks = await machine.open();
    const web = await networks.createSandbox('web', {
      network: 'bridge',
      ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080, hostAddress: '127.0.0.1' }],
    });
    assert.deepEqual(
      web.ports.map((port) => port.hostAddress),
      ['127.0.0.1'],
    );
    const address = web.endpoint?.address ?? '';
    await using _server = await machine.serve('web', { port: 80, in: web.namespacePath });
    await using _secret = await machine.serve('secret', { port: 90, host: '127.0.0.1' });
    assert.equal(await machine.ask('machine', '127.0.0.1', 8080), `web ${web.endpoint?.gateway}`);
    assert.equal(await machine.ask('outside', machine.spaces.near.address, 8080), undefined);

    // Outside routes the containers' subnet to the machine, as anybody on the same wire can.
    const far = (...args: readonly string[]) => machine.mustOutside('ip', ...args);
    await far('route', 'add', '172.17.0.0/16', 'via', machine.spaces.near.address);
    assert.equal(await machine.ask('outside', address, 80), undefined, 'past the published port');
    assert.equal(await machine.ask('machine', '127.0.0.1', 90), 'secret 127.0.0.1');

    // A container that sends packets for 127.0.0.1 over the bridge.
    const inside = (...args: readonly string[]) => machine.mustIn(web.namespacePath, ...args);
    await inside('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet');
    await inside('ip', 'address', 'del', '127.0.0.1/8', 'dev', 'lo');
    await inside('ip', 'route', 'flush', 'table', 'local', 'dev', 'lo');
    await inside('ip', 'route', 'add', '127.0.0.1/32', 'via', web.endpoint?.gateway ?? '', 'src', address);
    assert.equal(await machine.ask({ sandbox: web.namespacePath }, '127.0.0.1', 90), undefined);
    const rules = await machine.must('nft', 'list', 'chain', 'ip', 'berth0', 'guard');
    assert.match(rules, /packets [1-9]/, 'the packets came as far as the guard');
  }));

test('rules that somebody flushes come back by themselves, and the port answers meanwhile', (t) =>
  onMachine(t, async (machine) => {
    await using networks = await machine.open();
    const web = await networks.createSandbox('web', WEB);
    await using _server = await machine.serve('web', { port: 80, in: web.namespacePath });
    const before = await rulesOf(machine);
    await machine.must('nft', 'flush', 'ruleset');
    const meanwhile = await machine.ask('outside', machine.spaces.near.address, 8080);
    assert.match(meanwhile ?? '', /^web /);
    for (let tries = 0; tries < 100 && (await rulesOf(machine)) !== before; tries++) await sleep(50);
    assert.equal(await rulesOf(machine), before);
    assert.match((await networks.faults()).join('\n'), /Rules of "berth0" were changed by somebody/);
    // Docker comes later and closes the way.
    await machine.must('iptables-nft', '-P', 'FORWARD', 'DROP');
    for (let tries = 0; tries < 100; tries++) {
      if ((await machine.must('iptables-nft', '-S')).includes('berth0')) break;
      await sleep(50);
    }
    assert.equal(
      await machine.ask('outside', machine.spaces.near.address, 8080),
      `web ${machine.spaces.far.address}`,
    );
  }));

test('a machine that forwards nothing forwards only for containers, and nothing again without them', (t) =>
  onMachine(t, async (machine) => {
    const forwarding = async () => (await machine.run('cat', '/proc/sys/net/ipv4/ip_forward')).stdout.trim();
    await machine.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
    await using networks = await machine.open();
    const web = await networks.createSandbox('web', WEB);
    await using _server = await machine.serve('web', { port: 80, in: web.namespacePath });
    assert.equal(await forwarding(), '1');
    assert.equal(
      await machine.ask('outside', machine.spaces.near.address, 8080),
      `web ${machine.spaces.far.address}`,
    );
    const rules = await machine.must('nft', 'list', 'chain', 'ip', 'berth0', 'forward');
    assert.match(rules, /no router before Berth/);
    assert.deepEqual(await networks.footprint(), [
      'Bridge "berth0" has 172.17.0.0/16; containers on it: 1',
      'Table "ip berth0" of nftables leads to them, ports: 1; nft list table ip berth0 shows it',
      'net.ipv4.ip_forward was 0 and is 1, for packets of containers only',
    ]);
    await networks.removeSandbox('web');
    await networks.close();
    assert.equal(await forwarding(), '0');
    assert.equal(await rulesOf(machine), '');
    assert.doesNotMatch((await machine.run('ip', '-br', 'link')).stdout, /berth/);
  }));

const TABLE = `table ip berth0 {
	map published {
		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
		elements = { 127.0.0.1 . udp . 5353 : 172.17.0.2 . 53 }
	}

	map published-anywhere {
		type inet_proto . inet_service : ipv4_addr . inet_service
		elements = { sctp . 9000 : 172.17.0.2 . 90 }
	}

	chain guard {
		type filter hook prerouting priority raw; policy accept;
		iifname "berth0" ip daddr 127.0.0.0/8 counter drop comment "loopback is open to the bridge for published ports only"
	}

	chain incoming {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump published comment "published ports"
	}

	chain local {
		type nat hook output priority -100; policy accept;
		fib daddr type local jump published comment "published ports, from the machine itself"
	}

	chain outgoing {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "berth0" ip saddr 127.0.0.0/8 masquerade comment "answers must find back to loopback"
		oifname "berth0" ip saddr 172.17.0.0/16 ct status dnat masquerade comment "a container that uses a published port of its own network"
		ip saddr 172.17.0.0/16 oifname != "berth0" masquerade comment "containers speak as this machine"
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "berth0" oifname "berth0" accept comment "between containers"
		oifname "berth0" ct status dnat accept comment "to published ports"
		oifname "berth0" ct state established,related accept comment "answers"
		oifname "berth0" counter drop comment "nothing else reaches containers"
		iifname "berth0" accept comment "containers reach everything"
	}

	chain published {
		dnat ip to ip daddr . meta l4proto . th dport map @published comment "on one address"
		dnat ip to meta l4proto . th dport map @published-anywhere comment "on all addresses"
	}
}`;

for (const [subnet, first] of [
  ['172.17.0.0/16', '172.17.0.2'],
  ['192.168.16.0/20', '192.168.16.2'],
] as const) {
  test(`the rules for ${subnet} are one table that people can read, and nft makes the same of it`, (t) =>
    onMachine(t, async (machine) => {
      await using networks = await machine.open({ subnet });
      const ports = [
        { containerPort: 53, protocol: 'udp', hostPort: 5353, hostAddress: '127.0.0.1' },
        { containerPort: 90, protocol: 'sctp', hostPort: 9000 },
      ] as const;
      await networks.createSandbox('web', { network: 'bridge', ports });
      const wanted = TABLE.replaceAll('172.17.0.0/16', subnet).replaceAll('172.17.0.2', first);
      const listed = await machine.must('nft', 'list', 'table', 'ip', 'berth0');
      assert.equal(listed.replace(/ packets \d+ bytes \d+/g, '').trim(), wanted);
      // Read by nft the text becomes the same instructions: nothing in it is only our own reading.
      await machine.mustWith(wanted.replace('table ip berth0', 'table ip twin'), 'nft', '-f', '-');
      const bytecode = async (name: string) => {
        const text = await machine.must('nft', '--debug=netlink', 'list', 'table', 'ip', name);
        return text.split('\n').filter((line) => line.startsWith('  [ '));
      };
      const ours = await bytecode('berth0');
      assert.ok(ours.length > 40);
      assert.deepEqual(ours, await bytecode('twin'));
      await machine.must('nft', 'delete', 'table', 'ip', 'twin');
      await networks.removeSandbox('web');
      await networks.close();
    }));
}
