import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { probeNetworks } from './index.ts';

test('probeNetworks() says what it saw, and leaves nothing', async (t) => {
  const probe = await probeNetworks();
  t.diagnostic(JSON.stringify(probe));
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith('berth-probe-'));
  assert.deepEqual(left, []);
  if (process.getuid?.() !== 0) {
    assert.ok(!probe.ok && probe.fix.includes('root'), JSON.stringify(probe));
    return;
  }
  if (!probe.ok) t.skip(`the kernel lacks what networks need: ${probe.evidence}`);
});
