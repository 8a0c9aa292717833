import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPeers } from '../lab/peers.ts';
import type { BenchResult } from './bench.ts';
import { median } from './pairs.ts';
import { formatTable, isMet, writeResults } from './report.ts';
import { runBench, type Sizes } from './run-bench.ts';

const TINY: Sizes = {
  registry: {
    rounds: 1,
    manifestSeconds: 1,
    connections: 4,
    blobBytes: 1024 * 1024,
    restSeconds: 0,
    downloads: 4,
    downloadSeconds: 5,
  },
  engine: {
    imageRounds: 1,
    image: 'small',
    containerRounds: 1,
    crowd: 2,
    idleContainers: 2,
    settleSeconds: 0,
    images: 3,
    stoppedContainers: 2,
  },
  storage: { rounds: 1, image: 'small', files: 200, calls: 1 },
};

test('the benches run from end to end and give a table and a file', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const groups = await runBench(lab, { names: [], sizes: TINY });
  assert.deepEqual(
    groups.map(({ peer, results }) => [peer, results.length]),
    [
      ['docker-registry', 6],
      ['dockerd', 11],
      ['GNU tar', 5],
    ],
  );
  for (const group of groups) {
    for (const { name, ours, peer = 0, rounds } of group.results) {
      assert.ok(Number.isFinite(ours) && Number.isFinite(peer), name);
      assert.equal(rounds.length, 1, name);
    }
    assert.equal(formatTable(group).split('\n').length, group.results.length + 1);
  }

  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  t.after(() => rm(folder, { recursive: true }));
  const written = JSON.parse(await readFile(await writeResults(folder, { sizes: TINY, groups }), 'utf8'));
  assert.equal(written.results.length, 22);
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
  assert.equal(isMet({ ...result, goal: { atMostTimes: 3 } }), true);
  assert.equal(isMet({ ...result, peer: 19, goal: { atMostTimes: 3 } }), false);
  assert.match(formatTable({ peer: 'other', results: [result] }), /x +60 MB +20 MB +3\.00 × +≥ 3 × +yes/);
  const { peer: _, ...alone } = { ...result, goal: { atMost: 60 } };
  assert.match(formatTable({ peer: 'other', results: [alone] }), /x +60 MB +– +– +≤ 60 MB +yes/);
});
