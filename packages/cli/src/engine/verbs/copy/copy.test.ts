import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { makeTarEntry, readTar, type TarItem, writeTar } from '@berth/oci';
import { packFiles } from './pack-files.ts';
import { placeCopy, renamed } from './paths.ts';
import { unpackTar } from './unpack-tar.ts';

const signal = new AbortController().signal;

async function* bytesOf(text: string) {
  yield Buffer.from(text);
}

function entries(...list: readonly (Parameters<typeof makeTarEntry>[0] & { readonly text?: string })[]) {
  return (async function* (): AsyncGenerator<TarItem> {
    for (const { text = '', ...fields } of list) {
      yield { entry: makeTarEntry({ size: Buffer.byteLength(text), ...fields }), content: bytesOf(text) };
    }
  })();
}

/** `target` is unpacked into; nothing may ever change in `outside`. */
async function folders(t: TestContext) {
  const top = await mkdtemp(join(tmpdir(), 'berth-copy-'));
  t.after(() => rm(top, { recursive: true }));
  const [target, outside] = [join(top, 'target'), join(top, 'outside')];
  await mkdir(target);
  await mkdir(outside);
  await writeFile(join(outside, 'sentinel'), 'untouched');
  const assertUntouched = async () => {
    assert.deepEqual(await readdir(outside), ['sentinel']);
    assert.equal(await readFile(join(outside, 'sentinel'), 'utf8'), 'untouched');
  };
  return { target, outside, assertUntouched };
}

describe('unpackTar()', () => {
  it('writes nothing through a link that the archive makes', async (t) => {
    const { target, outside, assertUntouched } = await folders(t);
    const hostile = entries(
      { type: 'symlink', path: 'a', linkPath: outside },
      { type: 'file', path: 'a/sentinel', text: 'hit' },
    );
    await assert.rejects(unpackTar(hostile, target, { signal }), /outside of the target/);
    await assertUntouched();
  });

  it('writes nothing through a link that stands where the file shall be', async (t) => {
    const { target, outside, assertUntouched } = await folders(t);
    await symlink(join(outside, 'sentinel'), join(target, 'f'));
    await unpackTar(entries({ type: 'file', path: 'f', text: 'mine' }), target, { signal });
    assert.equal(await readFile(join(target, 'f'), 'utf8'), 'mine');
    await assertUntouched();
  });

  it('links nothing from outside', async (t) => {
    const { target, outside, assertUntouched } = await folders(t);
    for (const linkPath of ['../outside/sentinel', 'way/sentinel']) {
      const hostile = entries(
        { type: 'symlink', path: 'way', linkPath: outside },
        { type: 'hardlink', path: 'hard', linkPath },
        { type: 'file', path: 'hard', text: 'hit' },
      );
      await assert.rejects(unpackTar(hostile, target, { signal }), /outside of the target/);
    }
    await assertUntouched();
  });

  it('refuses names that climb', async (t) => {
    const { target, assertUntouched } = await folders(t);
    for (const path of ['../outside/x', 'a/../../outside/x', 'a\0b']) {
      await assert.rejects(
        unpackTar(entries({ type: 'file', path, text: 'x' }), target, { signal }),
        /outside/,
      );
    }
    await assertUntouched();
  });

  it('sets a folder’s mode and time when all of it is there, and makes no devices', async (t) => {
    const { target } = await folders(t);
    const skipped = await unpackTar(
      entries(
        { type: 'directory', path: 'd/', mode: 0o500, mtime: 1_000_000_000n },
        { type: 'file', path: 'd/f', mode: 0o640, text: 'x' },
        { type: 'char', path: 'd/null', devMajor: 1, devMinor: 3 },
      ),
      target,
      { signal },
    );
    assert.deepEqual(skipped, ['d/null']);
    const found = await stat(join(target, 'd'));
    assert.deepEqual([found.mode & 0o777, found.mtimeMs], [0o500, 1000]);
    assert.equal((await stat(join(target, 'd/f'))).mode & 0o777, 0o640);
  });

  it('replaces no folder by a file', async (t) => {
    const { target } = await folders(t);
    await mkdir(join(target, 'd'));
    await assert.rejects(unpackTar(entries({ type: 'file', path: 'd', text: 'x' }), target, { signal }), {
      message: 'cannot overwrite directory "d" with non-directory',
    });
  });
});

describe('placeCopy()', () => {
  const folder = (path: string) => ({ path, isThere: true, isFolder: true });
  const file = (path: string) => ({ path, isThere: true, isFolder: false });
  const nothing = (path: string) => ({ path, isThere: false, isFolder: false });

  it('has the rules of cp', () => {
    assert.deepEqual(placeCopy(folder('/a/src'), folder('/b')), { folder: '/b', rename: undefined });
    assert.deepEqual(placeCopy(folder('/a/src'), nothing('/b/new')), {
      folder: '/b',
      rename: { from: 'src', to: 'new' },
    });
    assert.deepEqual(placeCopy(folder('/a/src/.'), nothing('/b/new')), {
      folder: '/b',
      rename: { from: '.', to: 'new' },
    });
    assert.deepEqual(placeCopy(file('/f'), file('/b/g')), { folder: '/b', rename: { from: 'f', to: 'g' } });
    assert.throws(() => placeCopy(folder('/a'), file('/b')), { message: 'cannot copy directory' });
    assert.throws(() => placeCopy(file('/f'), nothing('/b/')), { message: 'no such directory' });
  });

  it('renamed() moves entries and the targets of hard links', async () => {
    const items = renamed(
      entries(
        { type: 'directory', path: './' },
        { type: 'file', path: './f' },
        { type: 'hardlink', path: './g', linkPath: './f' },
      ),
      { from: '.', to: 'new' },
    );
    const paths = (await Array.fromAsync(items)).map(({ entry }) => [entry.path, entry.linkPath]);
    assert.deepEqual(paths, [
      ['new/', ''],
      ['new/f', ''],
      ['new/g', 'new/f'],
    ]);
  });
});

describe('packFiles()', () => {
  it('gives back what unpackTar() made', async (t) => {
    const { target, outside } = await folders(t);
    const first = join(target, 'first');
    await unpackTar(
      entries(
        { type: 'directory', path: 'first/', mode: 0o755, mtime: 5_000_000_000n },
        { type: 'file', path: 'first/f', mode: 0o4755, text: 'content', mtime: 1_500_000_000n },
        { type: 'hardlink', path: 'first/g', linkPath: 'first/f' },
        { type: 'symlink', path: 'first/l', linkPath: '../../nowhere' },
      ),
      target,
      { signal },
    );
    const tar = writeTar(packFiles(first, 'renamed', { signal }), { signal });
    await rm(join(outside, 'sentinel'));
    await unpackTar(readTar(tar), outside, { signal });
    assert.equal(await readFile(join(outside, 'renamed/g'), 'utf8'), 'content');
    const [f, g] = [await stat(join(outside, 'renamed/f')), await stat(join(outside, 'renamed/g'))];
    assert.deepEqual([f.ino, f.mode & 0o7777, f.mtimeMs], [g.ino, 0o4755, 1500]);
  });
});
