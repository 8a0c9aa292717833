import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestHub, PASSWORD } from './testing/test-hub.ts';

/** Runs an Index that makes its first account and is killed at the n-th step of its database; the soak counts from its opening. */
async function killedAt(url: string, step: number): Promise<NodeJS.Signals | null> {
  const child = fork(
    join(import.meta.dirname, 'testing', 'killed-setup.ts'),
    [url, String(step), process.env.BERTH_SOAK === '1' ? 'opening' : ''],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

test('killed at any step of the first account: it is there whole, or the next link makes it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-index-'));
  t.after(() => rm(folder, { recursive: true }));
  let kills = 0;
  for (let step = 1; ; step += 1) {
    const database = { url: `sqlite:${join(folder, `${step}.db`)}` };
    if ((await killedAt(database.url, step)) === null) break;
    kills += 1;
    await using hub = await openTestHub({ database });
    const link = await hub.index.setup.pendingLink(hub.url);
    const created = (await hub.index.events.read({ after: 0 })).length;
    assert.equal(created, link === undefined ? 1 : 0, `step ${step}`);
    if (link !== undefined) {
      const code = new URL(link).searchParams.get('code') ?? '';
      const form = { code, username: 'alice', password: PASSWORD };
      assert.equal((await hub.call('POST', '/setup', { form })).status, 200, `step ${step}`);
    }
    const signIn = await hub.call('POST', '/v2/users/login', {
      json: { username: 'alice', password: PASSWORD },
    });
    assert.equal(signIn.status, 200, `step ${step}`);
  }
  assert.ok(kills >= 3, `only ${kills} steps were seen`);
});

test('openIndex() can be closed twice, and closes what it opened when it fails', async () => {
  const hub = await openTestHub();
  await hub[Symbol.asyncDispose]();
  await hub[Symbol.asyncDispose]();
  await assert.rejects(openTestHub({ database: { url: 'mysql://nowhere' } }), { code: 'DB_URL_INVALID' });
});

test('the realm is below the address that the client used', async () => {
  await using hub = await openTestHub();
  const { realm } = hub.index.authorizerOptions;
  assert.equal(realm('https://hub.example.org'), 'https://hub.example.org/auth/token');
  assert.equal(realm('https://hub.example.org/'), 'https://hub.example.org/auth/token');
});
