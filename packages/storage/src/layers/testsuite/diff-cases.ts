import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { makeNode, setTimes } from '@berth/linux';
import { digestBytes, pathToBytes, readTar } from '@berth/oci';
import { TAR_TIME, type TreeSpec } from '../../testing/layer-tars.ts';
import { listTree } from '../../testing/tree-listing.ts';
import { isOfInit, readAll, type StoreBench, type StoreUnderTest } from './store-bench.ts';

const IMAGE: readonly TreeSpec[] = [
  {
    'bin/': {},
    'bin/sh': { content: 'shell', mode: 0o755 },
    'etc/': {},
    'etc/conf': 'a=1',
    'srv/': {},
    'srv/keep': 'k',
    'srv/drop': 'd',
    'var/': {},
    'var/cache/': {},
    'var/cache/one': '1',
  },
  { 'opt/': { mode: 0o750, gid: 20 }, 'opt/tool': { content: 'tool', mode: 0o4755 } },
];

/** Gives every path that was touched the same time, so that the bytes of a diff do not depend on the clock. */
function freeze(root: string, paths: readonly string[]): void {
  for (const path of paths)
    setTimes(path === '' ? root : `${root}/${path}`, { mtime: TAR_TIME + 1_000_000_000n });
}

async function entriesOf(given: StoreUnderTest, name: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { entry } of readTar(given.store.diff(name))) {
    lines.push(`${entry.path} ${entry.type}${entry.linkPath === '' ? '' : ` ${entry.linkPath}`}`);
  }
  return lines;
}

/** Aufs leaves room for the marks that a name may get. */
function longestName(given: StoreUnderTest): number {
  const { form } = given.store.driverAbilities;
  return form.form === 'changes' && form.whiteouts === 'aufs' ? 242 : 255;
}

/** What a container changed: as a list, as a tar, as a layer. */
export function diffCases(bench: StoreBench): void {
  bench.test('changes() lists what was modified, added and deleted, and changed parents', async (given) => {
    const root = await given.container('c', IMAGE);
    appendFileSync(`${root}/etc/conf`, '\nb=2');
    writeFileSync(`${root}/srv/new`, 'n');
    unlinkSync(`${root}/srv/drop`);
    rmSync(`${root}/var/cache`, { recursive: true });
    mkdirSync(`${root}/home/ada`, { recursive: true });
    assert.deepEqual(await given.store.changes('c'), [
      { kind: 'modified', path: '/etc' },
      { kind: 'modified', path: '/etc/conf' },
      { kind: 'added', path: '/home' },
      { kind: 'added', path: '/home/ada' },
      { kind: 'modified', path: '/srv' },
      { kind: 'deleted', path: '/srv/drop' },
      { kind: 'added', path: '/srv/new' },
      { kind: 'modified', path: '/var' },
      { kind: 'deleted', path: '/var/cache' },
    ]);
    await given.removeContainer('c');
  });

  bench.test('twenty files modified, added and deleted are exactly those (graphtest)', async (given) => {
    const files = Array.from({ length: 20 }, (_, index) => index);
    const present = files.filter((index) => index % 3 !== 1);
    const root = await given.container('c', [
      { 'd/': {}, ...Object.fromEntries(present.map((index) => [`d/file-${index}`, 'old'])) },
    ]);
    for (const index of files) {
      if (index % 3 === 2) unlinkSync(`${root}/d/file-${index}`);
      else writeFileSync(`${root}/d/file-${index}`, 'new content');
    }
    const kinds = ['modified', 'added', 'deleted'] as const;
    const expected = [
      { kind: 'modified', path: '/d' },
      ...files.map((index) => ({ kind: kinds[index % 3], path: `/d/file-${index}` })),
    ];
    expected.sort((a, b) => (a.path < b.path ? -1 : 1));
    assert.deepEqual(await given.store.changes('c'), expected);
    await given.removeContainer('c');
  });

  bench.test('diff() is the same bytes on every driver', async (given) => {
    const root = await given.container('c', IMAGE);
    writeFileSync(`${root}/etc/conf`, 'a=2');
    writeFileSync(`${root}/srv/new`, 'n');
    unlinkSync(`${root}/srv/drop`);
    rmSync(`${root}/var/cache`, { recursive: true });
    mkdirSync(`${root}/var/cache`);
    chmodSync(`${root}/bin/sh`, 0o700);
    mkdirSync(`${root}/made`, 0o700);
    symlinkSync('../srv', `${root}/made/link`);
    writeFileSync(`${root}/made/one`, 'both');
    linkSync(`${root}/made/one`, `${root}/made/two`);
    makeNode(`${root}/made/null`, { type: 'char', mode: 0o666, major: 1, minor: 3 });
    chownSync(`${root}/made/one`, 1000, 1000);
    rmSync(`${root}/opt`, { recursive: true });
    writeFileSync(`${root}/opt`, 'a file now');
    // Touched, and back as it was: no change.
    appendFileSync(`${root}/srv/keep`, 'x');
    writeFileSync(`${root}/srv/keep`, 'k');
    setTimes(`${root}/srv/keep`, { mtime: TAR_TIME });
    freeze(root, [
      'etc/conf',
      'etc',
      'srv/new',
      'srv',
      'var/cache',
      'var',
      'bin/sh',
      'made/link',
      'made/one',
    ]);
    freeze(root, ['made/null', 'made', 'opt', '']);
    // A folder into which a file was copied up keeps its time; fuse-overlayfs does not see to that.
    if (given.store.driverAbilities.mountsByProgram) setTimes(`${root}/bin`, { mtime: TAR_TIME });
    assert.deepEqual(await entriesOf(given, 'c'), [
      'bin/ directory',
      'bin/sh file',
      'etc/ directory',
      'etc/conf file',
      'made/ directory',
      'made/link symlink ../srv',
      'made/null char',
      'made/one file',
      'made/two hardlink made/one',
      'opt file',
      'srv/ directory',
      'srv/.wh.drop file',
      'srv/new file',
      'var/ directory',
      'var/cache/ directory',
      'var/cache/.wh.one file',
    ]);
    const digest = digestBytes(await readAll(given.store.diff('c')));
    assert.equal(digest, GOLDEN_DIFF);
    await given.removeContainer('c');
  });

  bench.test('commit() makes a layer; a container on it sees what the first one saw', async (given) => {
    const root = await given.container('c', IMAGE);
    writeFileSync(`${root}/etc/conf`, 'changed');
    rmSync(`${root}/var`, { recursive: true });
    mkdirSync(`${root}/new/deep`, { recursive: true });
    writeFileSync(`${root}/new/deep/file`, 'f');
    chmodSync(`${root}/opt`, 0o711);
    const parent = (await given.store.containerLayer('c'))?.parent;
    const layer = await given.store.commit('c', { owner: 'committed' });
    assert.ok(layer);
    assert.equal(layer.parent, parent);
    assert.equal(layer.depth, 3);
    const other = await given.containerOn('other', layer.chainID);
    // Each image has mount points of its own, made at another time.
    const own = (path: string) =>
      listTree(path, { withTimes: true })
        .filter((line) => !isOfInit(line))
        .slice(1);
    assert.deepEqual(own(other), own(root));
    assert.deepEqual(await given.store.changes('other'), []);
    // The image of old sees nothing of it.
    const old = await given.containerOn('old', parent);
    assert.ok(existsSync(`${old}/var/cache/one`));
    for (const name of ['c', 'other', 'old']) await given.removeContainer(name);
    await given.assertClean();
  });

  bench.test('commit() twice is one layer, and readTar() gives the diff', async (given) => {
    const root = await given.container('c', IMAGE);
    writeFileSync(`${root}/srv/new`, 'n');
    const diff = await readAll(given.store.diff('c'));
    const first = await given.store.commit('c', { owner: 'one' });
    const second = await given.store.commit('c', { owner: 'two' });
    assert.deepEqual(second, first);
    assert.equal(first?.diffID, digestBytes(diff));
    assert.ok((await readAll(given.store.readTar(first?.chainID as never))).equals(diff));
    assert.equal((await given.store.removeOwner('one')).length, 0);
    await given.removeContainer('c');
    assert.equal((await given.store.removeOwner('two')).length, 1);
  });

  bench.test('commit() of what was written and taken back is nothing', async (given) => {
    const root = await given.container('c', IMAGE);
    const { mtimeNs } = statSync(`${root}/srv`, { bigint: true });
    const rootTime = statSync(root, { bigint: true }).mtimeNs;
    writeFileSync(`${root}/srv/temporary`, 'x');
    unlinkSync(`${root}/srv/temporary`);
    setTimes(`${root}/srv`, { mtime: mtimeNs });
    setTimes(root, { mtime: rootTime });
    assert.deepEqual(await given.store.changes('c'), []);
    assert.equal(await given.store.commit('c'), undefined);
    await given.removeContainer('c');
    await given.assertClean();
  });

  bench.test('a chain of commits deletes and makes again at every depth (echo)', async (given) => {
    const names = Array.from({ length: 4 }, (_, index) => `d${index}`);
    await given.container('c0', [{ 'd0/': {} }]);
    let parent = (await given.store.containerLayer('c0'))?.parent;
    await given.removeContainer('c0');
    for (let depth = 1; depth <= names.length; depth++) {
      const path = names.slice(0, depth).join('/');
      for (const [round, edit] of [
        (root: string) => {
          mkdirSync(`${root}/${path}`, { recursive: true });
          writeFileSync(`${root}/${path}/old`, 'o');
        },
        (root: string) => rmSync(`${root}/${path}`, { recursive: true }),
        (root: string) => {
          mkdirSync(`${root}/${path}`, { recursive: true });
          writeFileSync(`${root}/${path}/new`, 'n');
        },
      ].entries()) {
        const name = `c${depth}-${round}`;
        const root = await given.containerOn(name, parent);
        edit(root);
        const expected = listTree(root);
        const layer = await given.store.commit(name, { owner: name });
        await given.removeContainer(name);
        assert.ok(layer, `${path} round ${round}`);
        parent = layer.chainID;
        const look = await given.containerOn('look', parent);
        assert.deepEqual(listTree(look), expected, `${path} round ${round}`);
        await given.removeContainer('look');
      }
    }
    const root = await given.containerOn('end', parent);
    assert.deepEqual(readdirSync(`${root}/${names.join('/')}`), ['new']);
    await given.removeContainer('end');
  });

  bench.test('odd names, a real char 0/0, sockets and .wh. names of a container', async (given) => {
    const root = await given.container('c', IMAGE);
    writeFileSync(pathToBytes(`${root}/srv/\udcff\udcfe`), 'not utf-8');
    writeFileSync(`${root}/srv/new\nline`, 'x');
    writeFileSync(`${root}/srv/${'n'.repeat(longestName(given))}`, 'x');
    makeNode(`${root}/srv/fifo`, { type: 'fifo', mode: 0o600 });
    const layer = await given.store.commit('c', { owner: 'odd' });
    assert.ok(layer);
    const other = await given.containerOn('other', layer.chainID);
    assert.deepEqual(listTree(`${other}/srv`), listTree(`${root}/srv`));
    for (const name of ['c', 'other']) await given.removeContainer(name);
    await given.assertClean();
  });

  bench.test('renames of files and directories are seen as what they made', async (given) => {
    const root = await given.container('c', IMAGE);
    renameSync(`${root}/srv/keep`, `${root}/bin/kept`);
    mkdirSync(`${root}/fresh`);
    writeFileSync(`${root}/fresh/in`, 'x');
    renameSync(`${root}/fresh`, `${root}/moved`);
    const changes = (await given.store.changes('c')).map(({ kind, path }) => `${kind} ${path}`);
    assert.deepEqual(changes, [
      'modified /bin',
      'added /bin/kept',
      'added /moved',
      'added /moved/in',
      'modified /srv',
      'deleted /srv/keep',
    ]);
    await given.removeContainer('c');
  });

  bench.test('diff() may be left in the middle, and run while the container writes', async (given) => {
    const root = await given.container('c', IMAGE);
    for (let index = 0; index < 50; index++)
      writeFileSync(`${root}/srv/big-${index}`, Buffer.alloc(200_000, index));
    for await (const chunk of given.store.diff('c')) {
      assert.ok(chunk.length > 0);
      break;
    }
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of given.store.diff('c', { signal: controller.signal })) controller.abort();
    })();
    await assert.rejects(reading, { name: 'AbortError' });
    const writing = setInterval(() => writeFileSync(`${root}/srv/moving`, String(Math.random())), 1);
    try {
      assert.ok((await readAll(given.store.diff('c'))).length > 10_000_000);
      await wait(5);
    } finally {
      clearInterval(writing);
    }
    assert.ok(lstatSync(`${root}/srv/moving`).isFile());
    await given.removeContainer('c');
    assert.deepEqual(given.scratch.mounts(), []);
  });

  bench.test('containerSize() is the bytes that were written', async (given) => {
    const root = await given.container('c', IMAGE);
    writeFileSync(`${root}/srv/one`, Buffer.alloc(100_000, 1));
    linkSync(`${root}/srv/one`, `${root}/srv/two`);
    writeFileSync(`${root}/etc/conf`, 'longer than before');
    unlinkSync(`${root}/srv/drop`);
    assert.equal(await given.store.containerSize('c'), 100_000 + 18);
    await given.removeContainer('c');
  });
}

/** The digest of the diff above: it may never change, whatever driver, kernel or version made it. */
const GOLDEN_DIFF = 'sha256:b6cb2018ee556ed98b5ef39f0a6758a402ae76f65aa0f48b06a2b343207a8d3e';
