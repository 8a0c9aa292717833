import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DRIVERS } from '@berth/storage';
import type { LabReport } from '../interface.ts';
import { driver, FIGURES, machine } from '../testing/machine.ts';
import { labPage } from './lab-page.ts';
import { figureTitles } from './sections/all-figures.ts';
import { ENGLISH } from './words-en.ts';
import { CHINESE } from './words-zh.ts';

const MIB = 1024 ** 2;
const { copies, blocks, fullCopies } = FIGURES;
const SKIPPED = {
  driver: 'devicemapper',
  cause: 'devicemapper needs programs that are not installed',
  fix: 'Install them (apt install thin-provisioning-tools, or dnf install device-mapper-persistent-data), or choose the driver overlay2',
} as const;

const BOTH: LabReport = {
  version: 1,
  machines: [
    machine(
      [
        driver('aufs', copies, { note: 'fuse-overlayfs', refused: { 'rename.ms': 'EXDEV' } }),
        driver('overlay2', copies, { refused: { 'rename.ms': 'EXDEV' } }),
        driver('btrfs', blocks, { note: 'btrfs-in-a-file' }),
        driver('vfs', fullCopies, { largeFileBytes: 64 * MIB }),
      ],
      { skipped: [SKIPPED] },
    ),
    machine(
      [driver('devicemapper', { ...blocks, 'sharers.memoryBytes': 830 * MIB }), driver('overlay2', copies)],
      {
        ...{ name: 'the guest (emulated by qemu)', processor: 'QEMU TCG CPU version 2.5+', cores: 1 },
        ...{ memoryBytes: 1500 * MIB, hasThrowAway: false },
      },
    ),
  ],
};

const page = (report: LabReport, words = ENGLISH) => labPage(report, { words, json: 'lab.json' });

/** What is read, each cell and paragraph a line. */
function textOf(html: string): string {
  return html
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<[^>]+>/g, '\n')
    .replaceAll('\u00a0', ' ')
    .replaceAll(/\n+/g, '\n');
}

for (const words of [ENGLISH, CHINESE]) {
  test(`labPage() in ${words.language}: every link leads somewhere, no header is empty, nothing is undefined`, () => {
    const html = page(BOTH, words);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target), target);
    assert.doesNotMatch(html, /<th[^>]*><\/th>/);
    assert.doesNotMatch(textOf(html), /undefined|NaN|Infinity|copyUp\.|takenBytes/);
    for (const { name } of DRIVERS) assert.match(html, new RegExp(`<b>${name}</b>`));
  });

  test(`labPage() in ${words.language} shows a report of no machine, of no driver and of no figure`, () => {
    for (const machines of [[], [machine([])], [machine([driver('vfs', {})])]]) {
      assert.doesNotMatch(page({ version: 1, machines }, words), /undefined|NaN|Infinity/);
    }
  });
}

test('labPage() names machines with links, and says why they are not compared', () => {
  const html = page(BOTH);
  assert.match(html, /<a href="#m0">this machine<\/a> and <a href="#m1">the guest/);
  assert.match(
    textOf(html),
    /its processor is emulated by software, it has 1 core \(there 2\) and 1\.5 GiB of memory \(there 16 GiB\)/,
  );
  assert.match(
    textOf(page({ version: 1, machines: BOTH.machines.slice(0, 1) })),
    /Drivers did the same work on/,
  );
});

test('labPage() says of each driver where it was measured, through what, and why elsewhere not', () => {
  const table = textOf(page(BOTH).split('id="drivers"')[1]?.split('</section>')[0] ?? '');
  assert.match(table, /\naufs\n[\s\S]*\nnever\n[\s\S]*this machine\n \(through fuse-overlayfs\)/);
  assert.match(table, /\ndevicemapper\n[\s\S]*not on \nthis machine\n: devicemapper needs programs/);
  assert.match(table, /drivers of Berth, under the names/);
  assert.match(table, /\noverlay\n[\s\S]*since Linux 3\.18[\s\S]*: not among the drivers of that run/);
});

test('labPage() draws no bar for nothing, and says how many times the least a figure is', () => {
  const html = page(BOTH);
  const chart = html.split(`<figcaption>${ENGLISH.writers.time}`)[1]?.split('</figure>')[0] ?? '';
  assert.match(chart, /800\u00a0ms \(4\.0\u00a0×\)/);
  // vfs had copied before: its figure is the least, and the measure of none.
  assert.match(
    chart,
    /vfs<small>had copied all before<\/small><\/th><td><div><i [^>]+><\/i><span>60\u00a0ms<\/span>/,
  );
  const disk = html.split(`<figcaption>${ENGLISH.sharers.disk}`)[1]?.split('</figure>')[0] ?? '';
  assert.match(disk, /btrfs<small>in a file<\/small><\/th><td><div><span>0<\/span>/);
});

test('labPage() says that memory cut figures off, at the chart and in the ranking', () => {
  const text = textOf(page(BOTH));
  assert.match(text, /20 copies of the image are 1\.6 GiB, and this machine has 1\.5 GiB/);
  assert.match(text, /devicemapper: at least 830 MiB each, at least 9\.4 × the best/);
  const [whole, cut] = text.split('Figures of the guest').map((part) => part.split('All figures')[1] ?? '');
  assert.match(whole ?? '', /\nMemory for contents of files\n88 MiB\n/);
  assert.doesNotMatch(whole ?? '', /at least/);
  // Of one driver alone: what was seen whole is said plainly.
  assert.match(cut ?? '', /\nMemory for contents of files\n88 MiB\nat least 830 MiB\n/);
  assert.equal(cut?.split('at least').length, 2);
});

test('labPage() names each of the worst with how many times the best it is', () => {
  const html = page(BOTH);
  const cell = /<td data-label="Worst">(overlay2 800\u00a0ms[^<]*<br>aufs[^<]*)<\/td>/.exec(html)?.[1] ?? '';
  assert.match(
    textOf(cell),
    /^overlay2 800 ms, 4\.0 × the best\naufs \(through fuse-overlayfs\) 800 ms, 4\.0/,
  );
});

test('labPage() says that a pool lay in files where the report does, and of the pool what a change takes of it', () => {
  const pool = (more = {}) =>
    textOf(page({ version: 1, machines: [machine([driver('devicemapper', blocks, more)])] }));
  assert.match(pool({ note: 'pool-in-files' }), /devicemapper \(pool in files\)/);
  assert.doesNotMatch(pool(), /\(pool in files\)/);
  assert.match(pool(), /blocks of its pool, 64 KiB each: a changed block of 4 KiB takes a whole one/);
  assert.match(pool({ poolBlockBytes: 1024 ** 2 }), /blocks of its pool, 1\.0 MiB each/);
  assert.doesNotMatch(textOf(page({ version: 1, machines: [machine([])] })), /blocks of its pool/);
});

test('labPage() draws nothing from the lowest layer of a report whose first was not thrown away', () => {
  const [first, second] = page(BOTH).split('id="m1"');
  assert.doesNotMatch(first ?? '', /was measured first/);
  assert.match(second ?? '', /The lowest layer was measured first/);
  assert.match(second ?? '', /Both writes, file in the middle layer/);
});

test('labPage() in Chinese translates reasons, and puts neither ASCII brackets nor spaces between Chinese', () => {
  const html = page(BOTH, CHINESE);
  const text = textOf(html);
  assert.match(
    text,
    /devicemapper：缺少所需程序。请安装（apt install thin-provisioning-tools，或 dnf install device-mapper-persistent-data），或改用 overlay2。/,
  );
  assert.match(text, /\n本机的数据\n[\s\S]*\n虚拟机（由 qemu 模拟）的数据\n/);
  assert.doesNotMatch(text, /\p{Script=Han}[:;,()]|[:;,()]\p{Script=Han}/u);
  assert.doesNotMatch(text, /\p{Script=Han} \p{Script=Han}/u);
  const unknown = { driver: 'overlay', cause: 'something new', fix: 'Do this' };
  const machines = [machine([], { skipped: [unknown] })];
  assert.match(textOf(page({ version: 1, machines }, CHINESE)), /something new。Do this。/);
});

test('labPage() escapes what a report brings', () => {
  const evil = machine(
    [driver('<b>&', { 'commit.ms': 1 }, { note: '<i>', refused: { 'rename.ms': '<u>' } })],
    {
      ...{ name: '<script>', kernel: '<k>', processor: '<p>', fileSystem: '<f>', takenAt: '<t>' },
      skipped: [{ driver: 'vfs', cause: '<c>', fix: '<x>' }],
    },
  );
  const html = page({ version: 1, machines: [evil] });
  assert.doesNotMatch(html, /<(script|k|f|t|c|x|u|i)>/);
});

test('Words of both languages have a title for each figure, and Chinese has words for each driver', () => {
  const names = (words: typeof ENGLISH) => figureTitles(words).map(([, , name]) => name);
  assert.deepEqual(names(ENGLISH), names(CHINESE));
  assert.equal(new Set(names(ENGLISH)).size, names(ENGLISH).length);
  for (const entry of DRIVERS) {
    const { summary, prefer, deprecated } = CHINESE.drivers.of(entry);
    for (const said of [summary, prefer]) assert.match(said, /\p{Script=Han}/u, entry.name);
    assert.equal(deprecated === undefined, entry.support.deprecated === undefined, entry.name);
  }
});
