import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHub } from './hub.ts';

test('startHub() runs the real program: it answers, logs, survives kill -9 and is clean', async () => {
  await using hub = await startHub();
  const answer = await fetch(`${hub.report.localUrl}/v2/`);
  assert.equal(answer.status, 401);
  const log = await hub.accessLog();
  assert.ok(log.some((line) => line.path === '/v2/' && line.status === 401));
  const port = hub.port;
  await hub.kill();
  assert.equal(hub.server.ended === undefined, false);
  await hub.restart();
  assert.equal(hub.port, port);
  assert.equal((await fetch(`${hub.report.localUrl}/v2/`)).status, 401);
  assert.equal((await hub.api('GET', '/v2/user')).status < 500, true);
  assert.deepEqual((await hub.check()).code, 0);
});
