import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { needGo } from '../lab/go.ts';
import { startHub } from '../lab/hub.ts';
import { buildSuite, runSuite, type SuiteOptions } from './suite.ts';

/** Pull, push, content discovery and content management, as the suite names their parts. */
const PARTS = [
  'Ping',
  ...['get', 'get range', 'head', 'push', 'post only', 'post put', 'chunked', 'streaming'].map(
    (part) => `Blob ${part}`,
  ),
  ...['get by digest', 'get by tag', 'head by digest', 'head by tag'].map((part) => `Manifest ${part}`),
  ...['put by digest', 'put by tag', 'put with subject'].map((part) => `Manifest ${part}`),
  ...['Tag listing', 'Referrers'],
  ...['Tag', 'Blob', 'Manifest'].flatMap((what) => [`${what} delete`, `${what} delete atomic`]),
];

async function check(
  t: TestContext,
  version: SuiteOptions['version'],
): Promise<ReadonlyMap<string, string> | undefined> {
  const go = await needGo(t);
  if (go === undefined) return undefined;
  const program = await buildSuite(go);
  await using hub = await startHub();
  const { username, password } = hub;
  const { counts, apis, failures, wallTimeMs } = await runSuite(program, {
    registry: hub.host,
    repositories: [`${username}/conformance-1`, `${username}/conformance-2`],
    username,
    password,
    version,
  });
  t.diagnostic(
    `conformance ${version}: ${counts.pass} pass, ${counts.fail} fail, ${counts.skip} skip, ` +
      `${counts.disabled} disabled, ${(wallTimeMs / 1000).toFixed(2)} s wall time`,
  );
  assert.deepEqual(failures, []);
  assert.deepEqual([counts.fail, counts.error], [0, 0]);
  assert.ok(counts.pass > 0);
  for (const part of PARTS) assert.equal(apis.get(part), 'Pass', part);
  const { code, output } = await hub.check();
  assert.equal(code, 0, output);
  return apis;
}

test('the official suite finds nothing to fail in version 1.1', async (t) => {
  await check(t, '1.1');
});

test('the official suite finds nothing to fail in what the next version asks for', async (t) => {
  const apis = await check(t, 'dev');
  if (apis === undefined) return;
  for (const part of ['Blob upload cancel', 'Manifest put with tag params'])
    assert.equal(apis.get(part), 'Pass', part);
});
