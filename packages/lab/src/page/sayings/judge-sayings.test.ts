import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabMachine } from '../../interface.ts';
import { driver, FIGURES, machine } from '../../testing/machine.ts';
import { ENGLISH } from '../words-en.ts';
import { CHINESE } from '../words-zh.ts';
import { judgeSayings } from './judge-sayings.ts';
import type { SayingName } from './saying-names.ts';

const MIB = 1024 ** 2;
const FUSE = { note: 'fuse-overlayfs' } as const;
const { copies, blocks, fullCopies } = FIGURES;

function judge(given: LabMachine, name: SayingName, words = ENGLISH) {
  const found = judgeSayings({ machine: given, words }).find(({ saying }) => saying === name);
  assert.ok(found);
  return { verdict: found.verdict, text: found.figures.join('\n') };
}

test('judgeSayings() can tell nothing where nothing was measured, and says what is needed', () => {
  for (const words of [ENGLISH, CHINESE]) {
    for (const { saying, verdict, figures } of judgeSayings({ machine: machine([]), words })) {
      assert.equal(verdict, 'unknown', saying);
      assert.equal(figures.length, 1, saying);
      assert.doesNotMatch(figures.join(), /undefined|NaN/, saying);
    }
  }
});

test('aufsLowLayers says nothing of aufs where fuse-overlayfs stood in for it, and shows what was seen', () => {
  const slow = { ...copies, 'copyUp.bottom.first.ms': 1400 };
  const seen = judge(machine([driver('aufs', slow, FUSE)]), 'aufsLowLayers');
  assert.equal(seen.verdict, 'unknown');
  assert.match(seen.text, /no aufs; fuse-overlayfs stood in.*\nlowest layer 1\.4 s, top layer 700 ms/);
  assert.equal(judge(machine([driver('aufs', slow)]), 'aufsLowLayers').verdict, 'held');
});

test('aufsLowLayers draws nothing from a lowest layer that was measured first', () => {
  const slow = driver('aufs', { ...copies, 'copyUp.bottom.first.ms': 1400 });
  const { verdict, text } = judge(machine([slow], { hasThrowAway: false }), 'aufsLowLayers');
  assert.equal(verdict, 'notHeld');
  assert.match(text, /middle layer 700 ms, top layer 700 ms/);
});

test('deviceMapperBlocks says what it took of the pool, and what went to the disk', () => {
  const { verdict, text } = judge(machine([driver('devicemapper', blocks)]), 'deviceMapperBlocks');
  assert.equal(verdict, 'held');
  assert.match(
    text,
    /took 4\.0 KiB of its pool for one byte of a file of 1\.0 GiB: .*\nTo the disk went 1\.0 MiB\nLess than 51 MiB \(1\/20 of the file\) counts as held$/,
  );
  const heavy = { ...blocks, 'copyUp.bottom.first.writtenBytes': 900 * MIB };
  assert.equal(judge(machine([driver('devicemapper', heavy)]), 'deviceMapperBlocks').verdict, 'notHeld');
  const { 'copyUp.bottom.first.writtenBytes': _, ...uncounted } = blocks;
  assert.match(judge(machine([driver('devicemapper', uncounted)]), 'deviceMapperBlocks').text, /not counted/);
});

test('deviceMapperBlocks says how many blocks of the pool it was, and what else is in them', () => {
  const pool = (takenBytes: number, more = {}) =>
    judge(
      machine([driver('devicemapper', { ...blocks, 'copyUp.bottom.first.takenBytes': takenBytes }, more)]),
      'deviceMapperBlocks',
    );
  assert.match(pool(140 * 1024).text, /: as much as 2\.2 blocks of 64 KiB\n.*\(inode, journal\)/);
  assert.match(pool(140 * 1024, { poolBlockBytes: 128 * 1024 }).text, /as much as 1\.1 blocks of 128 KiB\n/);
  assert.match(pool(64 * 1024).text, /as much as 1 block of 64 KiB\nTo the disk/);
  const limit = Math.floor((1024 * MIB) / 20);
  assert.equal(pool(limit).verdict, 'held');
  assert.equal(pool(limit + 1).verdict, 'notHeld');
  // Of the file that it was measured with.
  assert.match(pool(limit, { largeFileBytes: 64 * MIB }).text, /Less than 3\.2 MiB/);
});

test('blocksWinHeavyWrites says how much was written, who was first, and who is left out', () => {
  const { verdict, text } = judge(
    machine([
      driver('overlay2', copies),
      driver('devicemapper', { ...blocks, 'writers.ms': 500 }),
      driver('btrfs', blocks),
      driver('vfs', fullCopies),
      driver('aufs', copies, FUSE),
    ]),
    'blocksWinHeavyWrites',
  );
  assert.equal(verdict, 'held');
  assert.match(text, /^16 MiB were written: 1\.0 MiB by each of 16 containers, in a file of 64 MiB\n/);
  assert.match(text, /from the quickest: btrfs 200 ms, devicemapper 500 ms, overlay2 800 ms and/);
  assert.match(text, /Left out: vfs 60 ms \(had copied all before\)/);
  assert.match(text, /Left out: aufs \(fuse-overlayfs stood in for aufs\)/);
});

test('blocksWinHeavyWrites holds in part where one of them is level, and names it', () => {
  const level = driver('devicemapper', { ...blocks, 'writers.ms': 790 });
  const { verdict, text } = judge(
    machine([driver('overlay2', copies), level, driver('btrfs', blocks)]),
    'blocksWinHeavyWrites',
  );
  assert.equal(verdict, 'partly');
  assert.match(text, /Not clearly before: devicemapper before overlay2/);
  const alone = judge(machine([driver('overlay2', copies), driver('btrfs', blocks)]), 'blocksWinHeavyWrites');
  assert.match(alone.text, /Not measured here: devicemapper/);
});

test('blocksWinHeavyWrites cannot be told where all that copies files is aufs through another program', () => {
  const { verdict } = judge(
    machine([driver('btrfs', blocks), driver('aufs', copies, FUSE)]),
    'blocksWinHeavyWrites',
  );
  assert.equal(verdict, 'unknown');
});

test('overlayWinsReaders looks at both, cold and warm, and says where alone it held', () => {
  const cold = driver('devicemapper', { ...blocks, 'readers.cold.ms': 2000 });
  const inPart = judge(machine([driver('overlay2', copies), cold]), 'overlayWinsReaders');
  assert.equal(inPart.verdict, 'partly');
  assert.match(inPart.text, /^Held only for “nothing in memory”\n/);
  assert.match(inPart.text, /read before: from the quickest: overlay2 300 ms and devicemapper 310 ms/);
  const one = judge(
    machine([driver('overlay2', copies), cold, driver('btrfs', blocks)]),
    'overlayWinsReaders',
  );
  assert.match(one.text, /^Held only for “nothing in memory” against devicemapper\n/);
  const level = judge(machine([driver('overlay2', copies), driver('btrfs', blocks)]), 'overlayWinsReaders');
  assert.equal(level.verdict, 'notHeld');
  const slow = { ...blocks, 'readers.cold.ms': 2000, 'readers.warm.ms': 2000 };
  const won = judge(machine([driver('overlay2', copies), driver('btrfs', slow)]), 'overlayWinsReaders');
  assert.equal(won.verdict, 'held');
  assert.doesNotMatch(won.text, /Held only/);
});

test('freshTakesNothing says which size counts as none, and where that of devicemapper comes from', () => {
  const fresh = { 'sharers.fresh.takenBytes': 40 * MIB, 'sharers.created.takenBytes': 0 };
  const { verdict, text } = judge(
    machine([driver('overlay2', copies), driver('devicemapper', fresh), driver('vfs', fullCopies)]),
    'freshTakesNothing',
  );
  assert.equal(verdict, 'partly');
  assert.match(text, /^Less than 256 KiB a container counts as none\n/);
  assert.match(text, /devicemapper: 2\.0 MiB a container\n.*journal and superblock/);
  assert.match(text, /before the first mount: 0 a container/);
  assert.doesNotMatch(text, /vfs/);
  assert.doesNotMatch(judge(machine([driver('overlay2', copies)]), 'freshTakesNothing').text, /journal/);
});

test('overlaySharesMemory names every driver that was measured, or says why it is left out', () => {
  const all = [
    driver('overlay2', copies),
    driver('overlay', copies),
    driver('btrfs', blocks),
    driver('vfs', fullCopies),
    driver('aufs', { ...copies, 'sharers.memoryBytes': 1800 * MIB }, FUSE),
  ];
  const { verdict, text } = judge(machine(all), 'overlaySharesMemory');
  assert.equal(verdict, 'held');
  for (const name of ['overlay2', 'overlay', 'btrfs', 'vfs', 'aufs'])
    assert.match(text, new RegExp(`^${name}[ :]`, 'm'));
  assert.match(text, /Left out: aufs/);
  const standIn = driver('aufs', copies, FUSE);
  assert.equal(judge(machine([...all.slice(0, 4), standIn]), 'overlaySharesMemory').verdict, 'held');
  const shares = driver('aufs', copies);
  assert.equal(judge(machine([driver('overlay2', copies), shares]), 'overlaySharesMemory').verdict, 'partly');
});

test('overlaySharesMemory gives figures that the machine cut off as the least that it can be', () => {
  const cut = driver('vfs', { ...fullCopies, 'sharers.memoryBytes': 800 * MIB });
  const { verdict, text } = judge(
    machine([driver('overlay2', copies), cut], { memoryBytes: 1500 * MIB }),
    'overlaySharesMemory',
  );
  assert.equal(verdict, 'held');
  assert.match(text, /overlay2: 88 MiB\nvfs: at least 800 MiB\n“At least”/);
});

test('overlayRename gives the same words to what was refused as the tables do, and counts no missing figure', () => {
  const refused = driver('overlay2', {}, { refused: { 'rename.ms': 'EXDEV' } });
  const { verdict, text } = judge(machine([refused, driver('overlay', {})]), 'overlayRename');
  assert.equal(verdict, 'held');
  assert.match(text, /overlay2: refused \(EXDEV\)\noverlay: not measured/);
  assert.equal(judge(machine([driver('overlay', {})]), 'overlayRename').verdict, 'unknown');
  assert.equal(judge(machine([driver('overlay', { 'rename.ms': 1 })]), 'overlayRename').verdict, 'notHeld');
});
