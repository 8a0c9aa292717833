import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { test } from 'node:test';
import { kernelRelease, openPidfd, readExitInfo, waitPidfd } from './index.ts';

test('readExitInfo() sees how a process has ended, also one that its parent has waited for', async (t) => {
  const { major, minor } = kernelRelease();
  if (major < 6 || (major === 6 && minor < 15)) return t.skip('needs Linux 6.15, which keeps it');
  for (const [script, expected] of [
    ['read x; exit 7', { exitCode: 7 }],
    ['read x; kill -9 $$', { signal: 9 }],
  ] as const) {
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    const pidfd = openPidfd(child.pid ?? 0);
    assert.equal(readExitInfo(pidfd), undefined);
    child.stdin?.end('go\n');
    await Promise.all([waitPidfd(pidfd), once(child, 'exit')]);
    assert.deepEqual(readExitInfo(pidfd), expected);
    closeSync(pidfd);
  }
});
