import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { attachedLoops, attachLoop, growLoop, loopFile } from './loop-devices.ts';
import { scratchFolder } from './scratch.fixture.ts';

const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : existsSync('/dev/loop-control')
      ? false
      : 'this kernel has no loop devices (modprobe loop)';

function sectors(path: string): number {
  return Number(readFileSync(`/sys/block/${basename(path)}/size`, 'utf8'));
}

test('attachLoop() makes a block device of a file, until it is closed', { skip }, async (t) => {
  const file = join(scratchFolder(t), 'file');
  writeFileSync(file, Buffer.alloc(1 << 20, 'block'));
  const { dev, ino } = statSync(file, { bigint: true });
  const loop = attachLoop(file);
  try {
    assert.ok(attachedLoops().includes(loop.path));
    assert.deepEqual(loopFile(loop.path), { dev, ino });
    assert.equal(readFileSync(loop.path).subarray(0, 10).toString(), 'blockblock');
    assert.equal(sectors(loop.path), 2048);
    truncateSync(file, 2 << 20);
    growLoop(loop.path);
    assert.equal(sectors(loop.path), 4096);
  } finally {
    loop[Symbol.dispose]();
    loop[Symbol.dispose]();
  }
  // What probes new devices (udev) may have it open for a moment.
  for (let tries = 0; attachedLoops().includes(loop.path) && tries < 100; tries++) await sleep(50);
  assert.ok(!attachedLoops().includes(loop.path));
  assert.equal(loopFile(loop.path), undefined);
});

test('attachLoop() of a file that is not there takes no device', { skip }, () => {
  const before = attachedLoops();
  assert.throws(() => attachLoop('/nowhere/at/all'), { code: 'ENOENT', message: /\/nowhere\/at\/all/ });
  assert.deepEqual(attachedLoops(), before);
});

test('growLoop() of a device without a file is refused', { skip }, () => {
  assert.throws(() => growLoop('/dev/null'), { code: /ENOTTY|EINVAL/ });
});
