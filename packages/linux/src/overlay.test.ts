import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createOverlay,
  isMountPoint,
  mountOverlay,
  type OverlayMount,
  readMounts,
  unmount,
} from './index.ts';
import { mountOverlayClassic } from './overlay.ts';
import { countMounts, scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

type Mount = (target: string, overlay: OverlayMount) => void;

/** Both ways must do the same. */
const WAYS: readonly (readonly [string, Mount])[] = [
  ['mountOverlay()', mountOverlay],
  ['the classic mount(2)', mountOverlayClassic],
];

interface Folders {
  readonly base: string;
  readonly target: string;
  readonly upper: string;
  readonly work: string;
  lower(name: string, files?: Readonly<Record<string, string>>): string;
}

function folders(t: TestContext): Folders | undefined {
  if (skipUnlessRoot(t, 'it mounts')) return undefined;
  const base = scratchFolder(t);
  const make = (name: string) => {
    mkdirSync(join(base, name), { recursive: true });
    return join(base, name);
  };
  return {
    base,
    target: make('target'),
    upper: make('upper'),
    work: make('work'),
    lower(name, files = {}) {
      const path = make(name);
      for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
      return path;
    },
  };
}

for (const [name, mount] of WAYS) {
  test(`${name} shows the nearest lower first and writes into the upper`, (t) => {
    const at = folders(t);
    if (at === undefined) return;
    const lowers = [at.lower('near', { both: 'near' }), at.lower('far', { both: 'far', below: 'far' })];
    mount(at.target, { lowers, upper: at.upper, work: at.work });
    assert.deepEqual(readdirSync(at.target), ['below', 'both']);
    assert.equal(readFileSync(join(at.target, 'both'), 'utf8'), 'near');
    writeFileSync(join(at.target, 'below'), 'new');
    assert.equal(readFileSync(join(at.upper, 'below'), 'utf8'), 'new');
    assert.equal(readFileSync(join(lowers[1] ?? '', 'below'), 'utf8'), 'far');
  });

  test(`${name} without an upper is read-only`, (t) => {
    const at = folders(t);
    if (at === undefined) return;
    mount(at.target, { lowers: [at.lower('a', { a: '1' }), at.lower('b', { b: '2' })] });
    assert.deepEqual(readdirSync(at.target), ['a', 'b']);
    assert.throws(() => writeFileSync(join(at.target, 'c'), ''), { code: 'EROFS' });
  });

  test(`${name} takes any name of a folder, and names of any length`, (t) => {
    const at = folders(t);
    if (at === undefined) return;
    const odd = ['a:b', 'a,b', 'a\\b', 'a\\:b', 'a b', 'ä\n"', `${'x'.repeat(200)}/${'y'.repeat(200)}`];
    const lowers = odd.map((part, index) => at.lower(part, { [`f${index}`]: '' }));
    const upper = at.lower('up\\per,:');
    const work = at.lower(`${'w'.repeat(200)}/${'w'.repeat(200)}`);
    mount(at.target, { lowers, upper, work });
    assert.deepEqual(
      readdirSync(at.target),
      odd.map((_, index) => `f${index}`),
    );
  });

  test(`${name} passes options on`, (t) => {
    const at = folders(t);
    if (at === undefined) return;
    const options = { volatile: true, index: 'off', metacopy: 'off' } as const;
    mount(at.target, { lowers: [at.lower('a')], upper: at.upper, work: at.work, options });
    const mounted = readMounts().find(({ mountPoint }) => mountPoint === at.target);
    assert.ok(mounted?.superOptions.some((option) => option === 'volatile' || option === 'fsync=volatile'));
    assert.equal(mounted?.source, 'overlay');
  });

  test(`${name} says in the kernel's words what is wrong`, (t) => {
    const at = folders(t);
    if (at === undefined) return;
    const lowers = [at.lower('a'), at.lower('b')];
    const fails = (overlay: OverlayMount, code: string, words: RegExp) =>
      assert.throws(
        () => mount(at.target, overlay),
        (error: Error & { code: string }) => error.code === code && words.test(error.message),
      );
    fails({ lowers: [...lowers, join(at.base, 'nowhere')] }, 'ENOENT', /nowhere/);
    fails({ lowers, upper: at.upper, work: at.lower('upper/work') }, 'EINVAL', /separate subtrees/);
    fails({ lowers, options: { nonsense: '1' } }, 'EINVAL', /nonsense/);
    fails({ lowers: [at.lower('one')] }, 'EINVAL', /two are needed/);
    fails({ lowers: [] }, 'EINVAL', /no lower/);
    fails({ lowers, upper: at.upper }, 'EINVAL', /belong together/);
    fails({ lowers: [...lowers, 'a\0b'] }, 'EINVAL', /NUL/);
    assert.equal(isMountPoint(at.target), false);
  });

  test(`${name} stacks 128 layers of long names`, (t) => {
    const at = folders(t);
    if (at === undefined) return;
    const lowers = Array.from({ length: 128 }, (_, n) =>
      at.lower(`${'l'.repeat(60)}-${n}`, { [`f${n}`]: '' }),
    );
    mount(at.target, { lowers, upper: at.upper, work: at.work });
    assert.equal(readdirSync(at.target).length, 128);
  });
}

test('mountOverlay() stacks 400 layers', (t) => {
  const at = folders(t);
  if (at === undefined) return;
  const lowers = Array.from({ length: 400 }, (_, n) => at.lower(`l${n}`, { [`f${n}`]: '' }));
  mountOverlay(at.target, { lowers, upper: at.upper, work: at.work });
  assert.equal(readdirSync(at.target).length, 400);
});

test('the classic mount(2) refuses what does not fit a page, and names the number of layers', (t) => {
  const at = folders(t);
  if (at === undefined) return;
  const lowers = Array.from({ length: 400 }, (_, n) => at.lower(`l${n}`));
  assert.throws(() => mountOverlayClassic(at.target, { lowers }), {
    code: 'E2BIG',
    message: /400 layers need/,
  });
  assert.equal(isMountPoint(at.target), false);
});

test('createOverlay() is seen nowhere before it is attached, and leaves nothing when it is not', (t) => {
  const at = folders(t);
  if (at === undefined) return;
  const lowers = [at.lower('a', { a: '' }), at.lower('b')];
  {
    using overlay = createOverlay({ lowers });
    assert.equal(countMounts(at.base), 0);
    overlay.attach(at.target);
    assert.equal(isMountPoint(at.target), true);
  }
  assert.deepEqual(readdirSync(at.target), ['a']);
  unmount(at.target);
  createOverlay({ lowers })[Symbol.dispose]();
  assert.equal(countMounts(at.base), 0);
});

test('mountOverlay() keeps no file open', (t) => {
  const at = folders(t);
  if (at === undefined) return;
  const lowers = [at.lower('a'), at.lower(`${'x'.repeat(200)}/${'y'.repeat(200)}`)];
  mountOverlay(at.target, { lowers });
  const before = readdirSync('/proc/self/fd').length;
  unmount(at.target);
  mountOverlay(at.target, { lowers });
  assert.throws(() => mountOverlay(at.target, { lowers: [...lowers, '/nowhere/at/all'] }));
  assert.equal(readdirSync('/proc/self/fd').length, before);
});
