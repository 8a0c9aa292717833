import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { NETWORK_STEPS } from '@berth/network';
import { onMachine } from './on-machine.ts';

const WEB = { network: 'bridge', ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080 }] } as const;
/** From here on a container that the engine knows has its network. */
const MADE: readonly string[] = ['network.recorded', 'network.published'];

test('killed at any step, the next engine has the container whole or not at all, and leaves nothing', (t) =>
  onMachine(t, async (machine) => {
    await machine.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
    for (const [at, step] of NETWORK_STEPS.entries()) {
      // Where it makes a difference both, elsewhere the one or the other.
      for (const isKnown of MADE.includes(step) ? [true, false] : [at % 2 === 0]) {
        const what = `${step}, ${isKnown ? 'known' : 'unknown'} to the engine`;
        {
          await using first = await machine.open({}, { BERTH_LAST_STEP: step });
          const work = first.createSandbox('web', WEB).then(() => first.removeSandbox('web'));
          await assert.rejects(work, /the networks have ended/, what);
        }
        await using second = await machine.open();
        await second.restore(isKnown ? ['web'] : []);
        const found = await second.sandbox('web');
        assert.equal(found !== undefined, isKnown && MADE.includes(step), what);
        if (found !== undefined) {
          await using server = await machine.serve('web', { port: 80, in: found.namespacePath });
          assert.ok(server.pid > 0);
          assert.match(
            (await machine.ask('outside', machine.spaces.near.address, 8080)) ?? '',
            /^web /,
            what,
          );
        }
        // The same again now works, as if nothing had been.
        const again = await second.createSandbox('web', WEB);
        await using server = await machine.serve('web', { port: 80, in: again.namespacePath });
        assert.ok(server.pid > 0);
        assert.match((await machine.ask('machine', '127.0.0.1', 8080)) ?? '', /^web /, what);
        await second.removeSandbox('web');
        await second.close();
        const { stdout } = await machine.run('ip', '-br', 'link');
        assert.doesNotMatch(stdout, /berth/, what);
        assert.equal(await machine.must('nft', 'list', 'ruleset'), '', what);
        assert.equal((await machine.run('cat', '/proc/sys/net/ipv4/ip_forward')).stdout.trim(), '0', what);
        for (const folder of ['netns', 'sandboxes']) {
          assert.deepEqual(await readdir(join(machine.root, 'run', folder)), [], what);
        }
      }
    }
  }));
