import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';
import { onMachine } from './on-machine.ts';

const WEB = { network: 'bridge', ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080 }] } as const;
const NO_PORTS = { network: 'bridge', ports: [] } as const;

async function links(machine: Machine): Promise<readonly string[]> {
  const { stdout } = await machine.run('ip', '-br', 'link');
  return stdout.match(/^berth[^ @]*/gm) ?? [];
}

test('after kill -9 of the engine a port answers on, and the next engine puts everything right', (t) =>
  onMachine(t, async (machine) => {
    const near = machine.spaces.near.address;
    await using first = await machine.open();
    const web = await first.createSandbox('web', WEB);
    await first.createSandbox('gone', {
      ...NO_PORTS,
      ports: [{ containerPort: 1, protocol: 'tcp', hostPort: 8081 }],
    });
    await first.createSandbox('lonely', { network: 'none', ports: [] });
    await using server = await machine.serve('web', { port: 80, in: web.namespacePath });
    assert.ok(server.pid > 0);
    const answers: (string | undefined)[] = [];
    let isOver = false;
    const asking = (async () => {
      while (!isOver) answers.push(await machine.ask('outside', near, 8080));
    })();
    await using _ = {
      [Symbol.asyncDispose]: async () => {
        isOver = true;
        await asking;
      },
    };
    await first.kill();
    assert.match((await machine.ask('outside', near, 8080)) ?? '', /^web /, 'while no engine runs');
    assert.match((await machine.ask('machine', '127.0.0.1', 8080)) ?? '', /^web /);
    // What an engine that was killed a moment earlier could have left, and what others do meanwhile.
    await machine.mustHere(
      'ip',
      'link',
      'add',
      'berth-00000000',
      'master',
      'berth0',
      'type',
      'veth',
      'peer',
      'name',
      'peer0',
    );
    await writeFile(join(machine.root, 'run/netns/stray'), '');
    await writeFile(join(machine.root, 'run/sandboxes/cut.json'), '{"version":1,');

    await using second = await machine.open();
    assert.deepEqual(await second.sandbox('web'), web);
    isOver = true;
    await asking;
    assert.ok(
      answers.length > 3 && answers.every((answer) => answer === `web ${machine.spaces.far.address}`),
      'without a gap',
    );
    await machine.mustHere(
      'ip',
      'link',
      'set',
      'dev',
      (await links(machine)).find((name) => name.startsWith('berth-') && name !== 'berth-00000000') ?? '',
      'nomaster',
    );
    await machine.must('nft', 'flush', 'ruleset');
    const lines = await second.restore(['web', 'lonely']);
    t.diagnostic(lines.join('; '));
    for (const what of [/container gone/, /interface "berth-00000000"/, /namespace ".*stray"/]) {
      assert.match(lines.join('\n'), what);
    }
    assert.match((await machine.ask('outside', near, 8080)) ?? '', /^web /);
    assert.match((await machine.ask('machine', '::1', 8080)) ?? '', /^web /);
    await assert.rejects(second.createSandbox('rival', WEB), { code: 'PORT_TAKEN' });
    const next = await second.createSandbox('next', NO_PORTS);
    assert.notEqual(next.endpoint?.address, web.endpoint?.address);
    for (const id of ['web', 'lonely', 'next', 'next']) await second.removeSandbox(id);
    await second.close();
    assert.deepEqual(await links(machine), []);
    assert.equal(await machine.must('nft', 'list', 'ruleset'), '');
    for (const folder of ['netns', 'sandboxes']) {
      assert.deepEqual(await readdir(join(machine.root, 'run', folder)), [], folder);
    }
  }));

test('closing with containers leaves them running and reachable; without, the machine is as it was', (t) =>
  onMachine(t, async (machine) => {
    const near = machine.spaces.near.address;
    await using first = await machine.open();
    const web = await first.createSandbox('web', WEB);
    await using server = await machine.serve('web', { port: 80, in: web.namespacePath });
    assert.ok(server.pid > 0);
    await first.close();
    assert.match((await machine.ask('outside', near, 8080)) ?? '', /^web /);
    // Lost, it is made anew, and what containers have counts.
    await rm(join(machine.root, 'state/networks.json'));
    await using second = await machine.open({ subnet: '10.77.0.0/16' });
    assert.deepEqual(await second.restore(['web']), []);
    assert.match((await machine.ask('machine', '127.0.0.1', 8080)) ?? '', /^web /);
    assert.equal((await second.list())[0]?.subnet, '172.17.0.0/16');
    assert.deepEqual(await second.restore([]), ['network of container web that is gone']);
    await second.close();
    assert.deepEqual(await links(machine), []);
  }));

test('subnets that routes of the machine touch are not taken, and the chosen one stays', (t) =>
  onMachine(t, async (machine) => {
    await machine.mustHere('ip', 'route', 'add', '172.17.4.0/24', 'via', machine.spaces.far.address);
    // How VPNs say "everything": no reason to find no subnet.
    await machine.mustHere('ip', 'route', 'add', '128.0.0.0/1', 'via', machine.spaces.far.address);
    await machine.mustHere('ip', 'route', 'add', '172.18.0.0/15', 'via', machine.spaces.far.address);
    await using first = await machine.open();
    const sandbox = await first.createSandbox('one', NO_PORTS);
    assert.equal(sandbox.endpoint?.address, '172.20.0.2');
    assert.equal(sandbox.endpoint?.macAddress, '02:42:ac:14:00:02');
    const before = await first.list();
    await first.close();
    await machine.mustHere('ip', 'route', 'del', '172.17.4.0/24');
    await using second = await machine.open();
    assert.deepEqual(await second.list(), before);
    await second.restore([]);
    await second.close();
    // A VPN takes it while no container has an address there.
    await machine.mustHere('ip', 'route', 'add', '172.20.9.0/24', 'via', machine.spaces.far.address);
    await using third = await machine.open();
    assert.equal((await third.list())[0]?.subnet, '172.17.0.0/16');
    await third.close();
  }));

test('addresses run out with a word, and one that is freed is given last', (t) =>
  onMachine(t, async (machine) => {
    await using networks = await machine.open({ subnet: '10.9.8.0/29', bridgeName: 'brt1' });
    const made = [];
    for (const id of ['a', 'b', 'c', 'd'])
      made.push((await networks.createSandbox(id, NO_PORTS)).endpoint?.address);
    assert.deepEqual(made, ['10.9.8.2', '10.9.8.3', '10.9.8.4', '10.9.8.5']);
    await networks.removeSandbox('b');
    assert.equal((await networks.createSandbox('e', NO_PORTS)).endpoint?.address, '10.9.8.6');
    assert.equal((await networks.createSandbox('f', NO_PORTS)).endpoint?.address, '10.9.8.3');
    await assert.rejects(networks.createSandbox('g', NO_PORTS), { code: 'ADDRESSES_EXHAUSTED' });
    // The same container again gets one, not two.
    await networks.createSandbox('f', { ...NO_PORTS, macAddress: '02:00:00:00:00:0f' });
    const { stdout } = await machine.run('ip', '-br', 'link');
    assert.ok(stdout.includes('brt1'));
    for (const id of ['a', 'c', 'd', 'e', 'f']) await networks.removeSandbox(id);
    await networks.close();
  }));

test('a bridge name that something else has is refused', (t) =>
  onMachine(t, async (machine) => {
    await machine.mustHere('ip', 'link', 'add', 'berth0', 'type', 'veth', 'peer', 'name', 'other0');
    await using networks = await machine.open();
    await assert.rejects(networks.createSandbox('one', NO_PORTS), { code: 'BRIDGE_NAME_TAKEN' });
    await networks.close();
    assert.deepEqual(await links(machine), ['berth0']);
  }));

test('containers at once, one after the other, and what each costs', (t) =>
  onMachine(t, async (machine) => {
    await mkdir(join(machine.root, 'run'), { recursive: true });
    await using networks = await machine.open();
    const ids = Array.from({ length: 100 }, (_, index) => `c${index}`);
    const start = performance.now();
    const sandboxes = await Promise.all(ids.map((id) => networks.createSandbox(id, NO_PORTS)));
    const made = performance.now();
    assert.equal(new Set(sandboxes.map((sandbox) => sandbox.endpoint?.address)).size, 100);
    await Promise.all(ids.map((id) => networks.removeSandbox(id)));
    const removed = performance.now();
    t.diagnostic(
      `100 at once: made in ${(made - start).toFixed(0)} ms, removed in ${(removed - made).toFixed(0)} ms`,
    );
    for (let tries = 0; tries < 200 && (await links(machine)).length > 1; tries++) await sleep(10);
    assert.deepEqual(await links(machine), ['berth0']);
    for (const [name, options] of [
      ['without ports', NO_PORTS],
      ['with one port', WEB],
      ['none', { network: 'none', ports: [] }],
    ] as const) {
      const { create, remove } = await networks.measure(40, options);
      const show = (values: readonly number[]) => {
        const sorted = values.toSorted((a, b) => a - b);
        return `${sorted[20]?.toFixed(2)} ms (p90 ${sorted[36]?.toFixed(2)})`;
      };
      t.diagnostic(`${name}: made in ${show(create)}, removed in ${show(remove)}`);
    }
    await networks.close();
    assert.deepEqual(await links(machine), []);
  }));
