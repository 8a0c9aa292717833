import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPeers } from '../lab/peers.ts';
import type { BenchResult } from './contender.ts';
import { median } from './pairs.ts';
import { formatTable, isMet, writeResults } from './report.ts';
import { BENCHES, runBench } from './run-bench.ts';

const TINY = {
  rounds: 1,
  manifestSeconds: 1,
  connections: 4,
  blobBytes: 1024 * 1024,
  restSeconds: 0,
  downloads: 4,
  downloadSeconds: 5,
};

test('the benches run from end to end and give a table and a file', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const results = await runBench(lab, { names: Object.keys(BENCHES), size: TINY });
  assert.equal(results.length, 6);
  for (const { name, ours, peer, rounds } of results) {
    assert.ok(Number.isFinite(ours) && Number.isFinite(peer), name);
    assert.equal(rounds.length, 1, name);
  }
  assert.equal(formatTable(results).split('\n').length, 7);

  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  t.after(() => rm(folder, { recursive: true }));
  const written = JSON.parse(await readFile(await writeResults(folder, { size: TINY, results }), 'utf8'));
  assert.equal(written.results.length, 6);
});

test('median() takes the middle, or the mean of both', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.throws(() => median([]));
});

test('isMet() knows goals as times the peer and as a most', () => {
  const result: BenchResult = {
    name: 'x',
    unit: 'MB',
    ours: 60,
    peer: 20,
    goal: { atLeastTimes: 3 },
    rounds: [],
  };
  assert.equal(isMet(result), true);
  assert.equal(isMet({ ...result, peer: 21 }), false);
  assert.equal(isMet({ ...result, goal: { atMost: 60 } }), true);
  assert.equal(isMet({ ...result, goal: { atMost: 59 } }), false);
  assert.match(formatTable([result]), /x +60 MB +20 MB +3\.00 × +≥ 3 × +yes/);
});
