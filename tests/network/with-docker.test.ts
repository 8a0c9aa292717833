import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab/peers.ts';
import type { Server } from '../lab/server.ts';
import type { Machine } from './machine.ts';
import { onMachine } from './on-machine.ts';

const WEB = { network: 'bridge', ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080 }] } as const;

test('Debian’s dockerd closes FORWARD, and containers are reached all the same, whoever comes first', (t) =>
  onMachine(t, async (machine, lab) => {
    // Docker closes the way only where it turns forwarding on itself.
    await machine.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
    const iptables = (...args: readonly string[]) => machine.must('iptables', '-w', ...args);
    const ask = () => machine.ask('outside', machine.spaces.near.address, 8080);
    const answer = `web ${machine.spaces.far.address}`;
    await using dockerd = await startDockerd(machine, lab);
    assert.ok(dockerd.pid > 0);
    const before = await iptables('-S');
    assert.match(before, /-P FORWARD DROP/);

    await using first = await machine.open();
    const web = await first.createSandbox('web', WEB);
    await using server = await machine.serve('web', { port: 80, in: web.namespacePath });
    assert.ok(server.pid > 0);
    const docker0 = (await machine.run('ip', '-4', '-o', 'address', 'show', 'docker0')).stdout;
    assert.match(docker0, /172\.17\.0\.1/);
    assert.equal(web.endpoint?.gateway, '172.18.0.1');
    assert.equal(await ask(), answer, 'Docker was here before');
    // Docker starts anew and writes its chains anew.
    await iptables('-F', 'DOCKER-USER');
    await iptables('-A', 'DOCKER-USER', '-j', 'RETURN');
    for (let tries = 0; tries < 100; tries++) {
      if ((await iptables('-S', 'DOCKER-USER')).includes('berth0')) break;
      await sleep(100);
    }
    assert.equal(await ask(), answer, 'Docker came again');
    assert.match((await first.faults()).join('\n'), /Chain "filter DOCKER-USER" let no container through/);
    await first.removeSandbox('web');
    await first.close();
    assert.equal(await iptables('-S'), before);
  }));

async function startDockerd(machine: Machine, lab: Lab): Promise<Server> {
  const folder = '/run/docker-test';
  return await lab.start(
    'dockerd',
    [
      ...['--data-root', '/var/docker-test', '--exec-root', `${folder}/exec`, '--pidfile', `${folder}.pid`],
      ...['--host', `unix://${folder}.sock`, '--storage-driver', 'vfs', '--ip6tables=false'],
    ],
    {
      netns: machine.spaces.near.pid,
      ready: async () => (await lab.run('docker', ['--host', `unix://${folder}.sock`, 'version'])).code === 0,
    },
  );
}
