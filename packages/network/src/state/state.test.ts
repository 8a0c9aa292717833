import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openNetworkFile, saveNetworkFile } from './network-file.ts';
import { type SandboxRecord, SandboxRecords } from './sandbox-records.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'berth-network-state-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('openNetworkFile() gives the same ids again, and refuses what it cannot read', async (t) => {
  const root = await folder(t);
  const made = await openNetworkFile(root);
  assert.match(made.ids.bridge, /^[0-9a-f]{64}$/);
  await saveNetworkFile(root, { ...made, subnet: '172.19.0.0/16' });
  assert.deepEqual(await openNetworkFile(root), { ...made, subnet: '172.19.0.0/16' });
  assert.deepEqual(await readdir(root), ['networks.json']);
  for (const text of ['', '{', 'null', '{"version":2}', '{"version":1,"ids":{"bridge":"x"}}']) {
    await writeFile(join(root, 'networks.json'), text);
    await assert.rejects(openNetworkFile(root), { code: 'STATE_INVALID' }, text);
  }
});

test('SandboxRecords keeps what this boot made, and forgets what was cut or is of another', async (t) => {
  const root = await folder(t);
  const records = new SandboxRecords(root);
  const record = (containerId: string, bootId = records.bootId): SandboxRecord => ({
    version: 1,
    bootId,
    containerId,
    network: 'none',
    sandbox: { namespacePath: '/run/x', endpoint: undefined, ports: [] },
    linkName: undefined,
  });
  records.put(record('one'));
  records.put(record('two'));
  records.put(record('old', 'another-boot'));
  records.delete('two');
  records.delete('two');
  await writeFile(join(root, 'cut.json'), '{"version":1,"con');
  await writeFile(join(root, 'one.json.new'), 'half');
  await writeFile(join(root, 'liar.json'), JSON.stringify(record('one')));
  const again = new SandboxRecords(root);
  assert.deepEqual(again.all(), JSON.parse(JSON.stringify([record('one')])));
  assert.deepEqual(await readdir(root), ['one.json']);
});
