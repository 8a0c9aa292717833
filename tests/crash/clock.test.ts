import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Digest } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import { openRemote } from '@berth/transfer';
import { startHub, type TestHub } from '../lab/hub.ts';
import { assertWhole } from './assert-whole.ts';
import { assertNothingLeft } from './leftovers.ts';
import { prepareRoot, pushImage } from './prepared-root.ts';
import { blobsOf } from './push-plan.ts';
import { signIn } from './registry-client.ts';

const AHEAD = {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'clock-ahead.ts')}`,
  CLOCK_AHEAD_MS: String(30 * 24 * 3_600_000),
};

test('a clock that goes back 30 days: sign-in, push and pull go on, and tags do not get younger', async () => {
  await using prepared = await prepareRoot({ layerSizeBytes: 1000 });
  const dataRoot = await prepared.copy('clock');
  const first = await randomImage({ seed: 'before' });
  const second = await randomImage({ seed: 'after' });
  {
    await using hub = await startHub({ dataRoot, env: AHEAD });
    await pushImage(hub, 'admin/app', first);
    const ofFuture = await pushedAt(hub);
    assert.ok(ofFuture > Date.now() + 29 * 24 * 3_600_000, 'the Hub does not see the clock of the test');
    const client = await signIn(hub, ['admin/app']);
    const session = await client.request('POST', 'admin/app/blobs/uploads/');
    assert.equal(session.status, 202);

    await hub.restart({ NODE_OPTIONS: '', CLOCK_AHEAD_MS: '0' });
    const old = await client.request('GET', 'admin/app/tags/list');
    assert.equal(old.status, 401, 'a token that is not valid yet');
    await assertPulls(hub, first.descriptor.digest);
    await pushImage(hub, 'admin/app', second);
    await assertPulls(hub, second.descriptor.digest);
    assert.ok((await pushedAt(hub)) >= ofFuture);
    const own = await signIn(hub, ['admin/app']);
    const goOn = await own.request('DELETE', session.headers.get('location') ?? '');
    assert.equal(goOn.status, 204, 'the session of before is still known');
  }
  const blobs = prepared.blobs.union(blobsOf([first, second]));
  await assertNothingLeft(dataRoot, { blobs, unheardSessions: 0 });
});

/** When the tag was pushed, as the Hub tells its users. */
async function pushedAt(hub: TestHub): Promise<number> {
  const answer = await hub.api('GET', '/v2/namespaces/admin/repositories/app/tags/v');
  assert.equal(answer.status, 200, answer.text);
  return Date.parse((JSON.parse(answer.text) as { readonly tag_last_pushed: string }).tag_last_pushed);
}

async function assertPulls(hub: TestHub, digest: Digest): Promise<void> {
  const { host: registry, username, password } = hub;
  const credentials = { username, password };
  await using remote = await openRemote({ registry, repository: 'admin/app', credentials });
  await assertWhole(remote, digest);
}
