import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listXattrs, makeNode, readMounts } from '@berth/linux';
import { digestBytes, makeTarEntry, writeTar } from '@berth/oci';
import { DRIVERS, openLayerStore } from '@berth/storage';
import { Scratch } from '@berth/storage/testsuite';
import { putFuseOnPath } from './fuse-overlayfs.ts';

const skip = await putFuseOnPath();
const CHILD = fileURLToPath(new URL('./mount.child.ts', import.meta.url));

async function tarOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const inputs = Object.entries(files).map(([path, text]) => ({
    entry: makeTarEntry({ type: 'file', path, size: text.length }),
    content: [Buffer.from(text)],
  }));
  return Buffer.concat(await Array.fromAsync(writeTar(inputs)));
}

/** A store with a container `c` on an image of two layers, not mounted. */
async function makeStore(root: string) {
  const store = await openLayerStore({ root, driver: 'aufs' });
  const tars = [
    await tarOf({ 'd/one': '1', 'd/two': '2', 'e/in': 'e', 'f/in': 'f', gone: 'g', kept: 'k' }),
    await tarOf({ 'd/.wh.two': '', 'e/.wh..wh..opq': '', 'e/new': 'n' }),
  ];
  const layers = await store.apply({
    layers: tars.map((tar) => ({
      diffID: digestBytes(tar) as never,
      open: async function* () {
        yield tar;
      },
    })),
    owner: 'image',
  });
  await store.createContainerLayer('c', { parent: layers.at(-1)?.chainID as never });
  return store;
}

/** Everything in a folder: its path, its kind, the names of its attributes. */
function walk(folder: string, name = ''): readonly string[] {
  const path = join(folder, name);
  const stat = lstatSync(path);
  const kind = stat.isDirectory()
    ? 'folder'
    : stat.isFile()
      ? 'file'
      : stat.isCharacterDevice()
        ? 'char'
        : 'other';
  const line = [name, kind, ...listXattrs(path)].join(' ');
  if (!stat.isDirectory()) return [line];
  return [
    line,
    ...readdirSync(path)
      .sort()
      .flatMap((child) => walk(folder, join(name, child))),
  ];
}

/** The process of fuse-overlayfs that keeps a mount up. */
function processOf(mountPoint: string): number | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.some((word) => word.endsWith('fuse-overlayfs')) && words.includes(mountPoint))
        return Number(pid);
    } catch {
      // It has ended.
    }
  }
  return undefined;
}

async function gone(mountPoint: string): Promise<boolean> {
  for (let tries = 0; tries < 100 && processOf(mountPoint) !== undefined; tries++) await wait(50);
  return processOf(mountPoint) === undefined;
}

describe('aufs by fuse-overlayfs', { skip }, () => {
  test('what lies on disk are the marks of aufs, and nothing else', async () => {
    await using scratch = await Scratch.make();
    await using store = await makeStore(join(scratch.path, 'storage'));
    const root = await store.mount('c');
    const diff = root.replace('/aufs/mnt/', '/aufs/diff/');
    assert.deepEqual(readdirSync(`${root}/d`), ['one']);
    assert.deepEqual(readdirSync(`${root}/e`), ['new']);
    unlinkSync(`${root}/gone`);
    appendFileSync(`${root}/d/one`, 'more');
    rmSync(`${root}/e`, { recursive: true });
    mkdirSync(`${root}/e`);
    writeFileSync(`${root}/e/again`, 'x');
    rmSync(`${root}/f`, { recursive: true });
    mkdirSync(`${root}/own`);
    renameSync(`${root}/own`, `${root}/moved`);
    writeFileSync(`${root}/moved/file`, 'x');
    renameSync(`${root}/kept`, `${root}/moved/kept`);
    chmodSync(`${root}/d`, 0o700);
    linkSync(`${root}/moved/file`, `${root}/moved/link`);
    // Nobody makes one behind its back, either.
    assert.throws(() => makeNode(`${root}/zero`, { type: 'char', mode: 0, major: 0, minor: 0 }), {
      code: 'EPERM',
    });
    assert.throws(() => writeFileSync(`${root}/.wh.mine`, ''), { code: 'EINVAL' });

    const expected = [
      ' folder',
      '.wh.f file',
      '.wh.gone file',
      '.wh.kept file',
      'd folder',
      'd/one file',
      'e folder',
      'e/.wh..wh..opq file',
      'e/again file',
      'moved folder',
      'moved/.wh..wh..opq file',
      'moved/file file',
      'moved/kept file',
      'moved/link file',
    ];
    const names = (lines: readonly string[]) =>
      lines.filter((line) => !/^(dev|etc|proc|sys|\.dockerenv)\b/.test(line));
    const withoutAttributes = (lines: readonly string[]) =>
      names(lines).map((line) => line.replace(/( \w+) .*/, '$1'));
    assert.deepEqual(withoutAttributes(walk(diff)), expected);
    await store.unmount('c');
    // Its own notes are gone with the mount.
    assert.deepEqual(names(walk(diff)), expected);
    await store.removeContainerLayer('c');
    assert.deepEqual(await store.check({ deep: true }), []);
  });

  test('a mount outlives the process that made it, is taken over, and its program ends with it', async () => {
    await using scratch = await Scratch.make();
    const storage = join(scratch.path, 'storage');
    {
      await using _ = await makeStore(storage);
    }
    // It mounts, says where, and is killed.
    const child = spawnSync(process.execPath, [CHILD, storage, 'c'], { encoding: 'utf8' });
    assert.equal(child.signal, 'SIGKILL', child.stderr);
    const root = child.stdout.trim();
    const pid = processOf(root);
    assert.ok(pid !== undefined);
    assert.equal(readFileSync(`${root}/written`, 'utf8'), 'before');
    writeFileSync(`${root}/after`, 'x');

    await using store = await openLayerStore({ root: storage, driver: 'aufs' });
    assert.equal((await store.containerLayer('c'))?.isMounted, true);
    assert.equal(await store.mount('c'), root);
    assert.equal(processOf(root), pid);
    await store.unmount('c');
    assert.ok(await gone(root));
    assert.ok(!readMounts().some(({ mountPoint }) => mountPoint === root));
    assert.ok(existsSync(`${await store.mount('c')}/after`));
    await store.removeContainerLayer('c');
    assert.ok(await gone(root));
  });

  test('a mount whose program was killed is made anew', async () => {
    await using scratch = await Scratch.make();
    const storage = join(scratch.path, 'storage');
    const store = await makeStore(storage);
    const root = await store.mount('c');
    writeFileSync(`${root}/written`, 'x');
    process.kill(processOf(root) as number, 'SIGKILL');
    assert.ok(await gone(root));
    assert.throws(() => readdirSync(root), { code: 'ENOTCONN' });
    await store[Symbol.asyncDispose]();

    await using next = await openLayerStore({ root: storage, driver: 'aufs' });
    assert.equal(await next.mount('c'), root);
    assert.equal(readFileSync(`${root}/written`, 'utf8'), 'x');
    assert.equal(readFileSync(`${root}/kept`, 'utf8'), 'k');
    await next.removeContainerLayer('c');
    assert.ok(await gone(root));
  });

  test('status() says who mounts; the probe says what is missing, and what to install', async () => {
    await using scratch = await Scratch.make();
    await using store = await makeStore(join(scratch.path, 'storage'));
    const status = new Map(await store.status());
    assert.equal(status.get('Mounted By'), 'fuse-overlayfs');
    assert.equal(status.get('Dirperm1 Supported'), 'false');
    assert.equal(status.get('Root Dir'), join(scratch.path, 'storage', 'aufs'));
    const entry = DRIVERS.find(({ name }) => name === 'aufs');
    const found = await entry?.probe(scratch.path);
    assert.ok(found?.works);
    const path = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      const probe = await entry?.probe(scratch.path);
      if (probe?.works !== false) return;
      assert.match(probe.cause, /no aufs, and there is no fuse-overlayfs/);
      assert.match(probe.evidence, /\/proc\/filesystems/);
      assert.match(probe.fix, /Install the package fuse-overlayfs/);
      assert.deepEqual(readdirSync(scratch.path), ['storage']);
    } finally {
      process.env.PATH = path;
    }
  });
});
