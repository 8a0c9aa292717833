import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabMachine } from '../interface.ts';
import { driver, FIGURES, machine } from '../testing/machine.ts';
import { rankWorks } from './which.ts';
import type { WorkName } from './work-names.ts';

const MIB = 1024 ** 2;
const { copies, blocks, fullCopies } = FIGURES;

function of(given: LabMachine, work: WorkName) {
  const found = rankWorks(given).find((one) => one.work === work);
  assert.ok(found);
  return {
    best: found.best.map(({ report }) => report.driver),
    worst: found.worst.map(({ report }) => report.driver),
    times: found.worst.map(({ times }) => times),
    apart: found.apart.map(({ report, reason }) => [report.driver, reason]),
  };
}

test('rankWorks() leaves out what nobody has a figure of', () => {
  assert.deepEqual(rankWorks(machine([])), []);
  const works = rankWorks(machine([driver('vfs', { 'commit.ms': 3 })]));
  assert.deepEqual(
    works.map(({ work }) => work),
    ['commit'],
  );
});

test('rankWorks() takes all within a fifth of the least as best, and says how many times it the worst is', () => {
  const times = (ms: number) => ({ 'commit.ms': ms });
  const ranked = of(
    machine([driver('btrfs', times(121)), driver('overlay2', times(100)), driver('overlay', times(120))]),
    'commit',
  );
  assert.deepEqual(ranked, { best: ['overlay2', 'overlay'], worst: ['btrfs'], times: [1.21], apart: [] });
});

test('rankWorks() takes all within a fifth of the most as worst, from the most, and none that is best', () => {
  const commits = (...times: readonly number[]) =>
    of(machine(times.map((ms, at) => driver(`d${at}`, { 'commit.ms': ms }))), 'commit');
  const { best, worst, times } = commits(100, 239, 200, 240, 199);
  assert.deepEqual(
    { best, worst, times },
    { best: ['d0'], worst: ['d3', 'd1', 'd2'], times: [2.4, 2.39, 2] },
  );
  // Near to both ends: it is best.
  const near = commits(100, 115, 130);
  assert.deepEqual([near.best, near.worst], [['d0', 'd1'], ['d2']]);
});

test('rankWorks() names no worst where all are level, or one is alone', () => {
  const tie = [driver('overlay2', { 'commit.ms': 100 }), driver('btrfs', { 'commit.ms': 120 })];
  assert.deepEqual(of(machine(tie), 'commit').best, ['overlay2', 'btrfs']);
  assert.deepEqual(of(machine(tie), 'commit').worst, []);
  assert.deepEqual(of(machine(tie.slice(1)), 'commit').worst, []);
});

test('rankWorks() counts next to nothing of the disk as nothing, and divides by no zero', () => {
  const ranked = of(
    machine([driver('btrfs', blocks), driver('overlay2', copies), driver('vfs', fullCopies)]),
    'freshDisk',
  );
  assert.deepEqual(ranked, { best: ['btrfs', 'overlay2'], worst: ['vfs'], times: [undefined], apart: [] });
});

test('rankWorks() sets apart who had copied all before, or had a smaller file', () => {
  const given = machine([
    driver('overlay2', copies),
    driver('btrfs', blocks),
    driver('vfs', { ...fullCopies, 'copyUp.bottom.first.ms': 0.4 }, { largeFileBytes: 64 * MIB }),
    driver('new', { 'copyUp.bottom.first.ms': 0.1, 'writers.ms': 100 }, { largeFileBytes: 64 * MIB }),
  ]);
  assert.deepEqual(of(given, 'changeByte').apart, [
    ['vfs', 'copiedAhead'],
    ['new', 'smallerFile'],
  ]);
  assert.deepEqual(of(given, 'changeByte').best, ['btrfs']);
  assert.deepEqual(of(given, 'writers').best, ['new']);
  assert.deepEqual(of(given, 'writers').apart, [['vfs', 'copiedAhead']]);
  // Where a full copy takes no space there is nothing that it paid before.
  const reflinks = driver('vfs', { ...fullCopies, 'sharers.fresh.takenBytes': 0 });
  assert.deepEqual(of(machine([reflinks, driver('overlay2', copies)]), 'writers').best, ['vfs']);
});

test('rankWorks() ranks those that memory cut off neither among themselves nor as the best', () => {
  const cut = (bytes: number) => ({ 'sharers.memoryBytes': bytes });
  const drivers = [
    driver('overlay2', copies),
    driver('btrfs', cut(700 * MIB)),
    driver('vfs', cut(880 * MIB)),
    // Shown whole, though much: it shares some, and there was room for it.
    driver('new', cut(300 * MIB)),
  ];
  const small = of(machine(drivers, { memoryBytes: 1500 * MIB }), 'memory');
  assert.deepEqual(small.apart, [
    ['btrfs', 'cutOff'],
    ['vfs', 'cutOff'],
  ]);
  assert.deepEqual(small.best, ['overlay2']);
  assert.deepEqual(small.worst, ['new']);
  assert.deepEqual(of(machine(drivers), 'memory').worst, ['vfs']);
  // One copy is all that there is to be seen, however little memory there is.
  const tiny = machine([driver('overlay2', copies)], { memoryBytes: 200 * MIB });
  assert.deepEqual(of(tiny, 'memory').apart, []);
});

test('rankWorks() takes the middle layer where the lowest was measured first', () => {
  const odd = driver('btrfs', { ...blocks, 'copyUp.bottom.first.ms': 50 });
  const figure = (hasThrowAway: boolean) =>
    rankWorks(machine([odd], { hasThrowAway })).find(({ work }) => work === 'changeByte')?.best[0]?.value;
  assert.equal(figure(false), 1);
  assert.equal(figure(true), 50);
});
