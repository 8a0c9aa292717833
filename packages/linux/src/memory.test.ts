import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { trimMemory } from './index.ts';

const MB = 1_000_000;

test('trimMemory() gives back what is free between what is used', async (t) => {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (header.glibcVersionRuntime === undefined) return t.skip('needs glibc');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Below the size from which malloc asks the kernel for each piece.
  let large = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(40_000).fill(1));
  large = large.filter((_, index) => index % 20 === 0);
  collect();
  // Buffers are freed on another thread.
  await sleep(200);
  const held = process.memoryUsage.rss();
  trimMemory();
  const kept = process.memoryUsage.rss();
  assert.equal(large.length, 100);
  assert.ok(kept < held - 30 * MB, `${held / MB} MB before, ${kept / MB} MB after`);
});
