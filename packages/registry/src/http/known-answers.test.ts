import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRepositoryName } from '@berth/oci';
import type { Access } from '../auth/interface.ts';
import { createTokenAuthorizer } from '../auth/token/token-authorizer.ts';
import { makeImage, refusalOf, TestClient } from '../testing/client.ts';
import { startTestRegistry } from '../testing/test-registry.ts';
import { createTestTokens, ISSUER, SERVICE } from '../testing/test-tokens.ts';

const NAME = 'team/app';
const access = (...actions: ('pull' | 'push' | 'delete')[]): readonly Access[] =>
  actions.map((action) => ({ type: 'repository', name: parseRepositoryName(NAME), action }));

/** A registry whose clock for tokens can be moved. */
async function start() {
  const tokens = createTestTokens();
  const clock = { aheadMs: 0 };
  const authorizer = createTokenAuthorizer({
    realm: (baseUrl) => `${baseUrl}/auth/token`,
    service: SERVICE,
    issuer: ISSUER,
    keys: tokens.keys,
    now: () => Date.now() + clock.aheadMs,
  });
  const server = await startTestRegistry({ authorizer });
  const client = async (actions: readonly Access[], claims = {}) =>
    new TestClient(server.url, NAME, { authorization: `Bearer ${await tokens.sign(actions, claims)}` });
  return { server, client, clock };
}

async function digestOf(client: TestClient, reference = 'v'): Promise<string | null> {
  const answer = await client.request(`manifests/${reference}`);
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  return answer.headers.get('docker-content-digest');
}

describe('an answer that is known', () => {
  it('is the same, byte for byte and field for field, and is logged', async () => {
    const { server, client } = await start();
    await using _ = server;
    const writer = await client(access('pull', 'push'));
    const image = makeImage();
    await writer.push('v', image);
    const answers = [];
    for (let at = 0; at < 3; at++) {
      const answer = await writer.request('manifests/v');
      answers.push([Object.fromEntries(answer.headers), Buffer.from(await answer.arrayBuffer())]);
    }
    for (const [headers, body] of answers as [Record<string, string>, Buffer][]) {
      assert.deepEqual(body, image.bytes);
      assert.deepEqual({ ...headers, date: '' }, { ...(answers[0]?.[0] as object), date: '' });
    }
    const logged = server.access.slice(-3);
    assert.deepEqual(
      logged.map((line) => [line.status, line.bytesOut, line.subject]),
      Array(3).fill([200, image.bytes.length, 'alice']),
    );
  });

  it('ends when the tag moves or goes', async () => {
    const { server, client } = await start();
    await using _ = server;
    const writer = await client(access('pull', 'push', 'delete'));
    const [first, second] = [makeImage(), makeImage()];
    await writer.push('v', first);
    for (let at = 0; at < 2; at++) assert.equal(await digestOf(writer), first.digest);
    await writer.push('v', second);
    for (let at = 0; at < 2; at++) assert.equal(await digestOf(writer), second.digest);
    await writer.request('manifests/v', { method: 'DELETE' });
    assert.equal(await refusalOf(await writer.request('manifests/v')), '404 MANIFEST_UNKNOWN');
  });

  it('is for its caller alone, and only for the whole of it', async () => {
    const { server, client } = await start();
    await using _ = server;
    const writer = await client(access('pull', 'push'));
    const image = makeImage();
    await writer.push('v', image);
    for (let at = 0; at < 2; at++) await digestOf(writer);
    const nobody = new TestClient(server.url, NAME);
    assert.equal(await refusalOf(await nobody.request('manifests/v')), '401 UNAUTHORIZED');
    const stranger = await client([]);
    assert.equal(await refusalOf(await stranger.request('manifests/v')), '401 DENIED');
    assert.equal(await digestOf(writer), image.digest);
    const headers = { 'if-none-match': `"${image.digest}"` };
    assert.equal((await writer.request('manifests/v', { headers })).status, 304);
    const head = await writer.request('manifests/v', { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), String(image.bytes.length));
  });

  it('ends with the token', async () => {
    const { server, client, clock } = await start();
    await using _ = server;
    await (await client(access('pull', 'push'))).push('v', makeImage());
    // Good for a minute less than the leeway of a minute: it ends within this second or the next.
    const late = await client(access('pull'), { expiresIn: -59 });
    const answer = await late.request('manifests/v');
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    clock.aheadMs = 10_000;
    const deadline = Date.now() + 3000;
    let status = 200;
    while (status === 200 && Date.now() < deadline) status = (await late.request('manifests/v')).status;
    assert.equal(status, 401);
  });
});
