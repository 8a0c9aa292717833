import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from './command.ts';
import { watchForLeaks } from './leaks.ts';
import { createNamespaces, writeHosts } from './netns.ts';
import { openPeers } from './peers.ts';

test('createNamespaces() joins two namespaces by a wire, and nothing of them stays', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const assertNoLeaks = await watchForLeaks();
  {
    await using net = await createNamespaces(lab);
    await writeHosts(lab, { 'hub.example.test': net.near.address });
    await writeFile(
      join(lab.state, 'etc/nginx/lab.conf'),
      `daemon off; error_log stderr; pid /run/n.pid; events {}
      http { access_log off; server { listen ${net.near.address}:80; location / { return 200 "over the wire"; } } }`,
    );
    await lab.start('nginx', ['-c', '/etc/nginx/lab.conf'], {
      netns: net.near.pid,
      ready: async () =>
        (await lab.run('curl', ['-s', `http://${net.near.address}/`], { netns: net.near.pid })).code === 0,
    });
    const page = await lab.must('curl', ['-s', 'http://hub.example.test/'], { netns: net.far.pid });
    assert.equal(page, 'over the wire');
    // From the machine's own network nothing of it can be reached.
    const outside = await lab.run('curl', ['-s', '--connect-timeout', '2', `http://${net.near.address}/`]);
    assert.notEqual(outside.stdout, 'over the wire');
    const links = await runCommand(net.far.wrap('cat', '/proc/net/dev'));
    assert.match(links.stdout, /\bb[0-9a-f]{8}:/);
    await assert.rejects(assertNoLeaks(), /namespaces: net:/);
    await lab[Symbol.asyncDispose]();
  }
  await assertNoLeaks();
});
