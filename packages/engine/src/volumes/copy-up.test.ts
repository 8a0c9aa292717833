import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { getXattr, makeNode, preciseStat, setTimes, setXattr } from '@berth/linux';
import { openTestVolumes } from './testing/test-volumes.ts';

const isRoot = process.getuid?.() === 0;
const needsRoot = { skip: isRoot ? false : 'owners and devices need root' };

/** A root filesystem of a container, and beside it what must not be touched. */
async function withRootfs(work: (root: string, outside: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-rootfs-'));
  try {
    const [root, outside] = [join(folder, 'rootfs'), join(folder, 'outside')];
    await mkdir(root);
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'host');
    await work(root, outside);
    assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'host');
    assert.deepEqual(await readdir(outside), ['secret']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('copyUp() keeps owners, modes, times, attributes, links, holes and devices', needsRoot, async () => {
  await withRootfs(async (root) => {
    await using engine = await openTestVolumes();
    const data = join(root, 'var/lib/app');
    await mkdir(join(data, 'sub'), { recursive: true });
    await writeFile(join(data, 'file'), 'content');
    await chown(join(data, 'file'), 12, 34);
    await chmod(join(data, 'file'), 0o4755);
    setXattr(join(data, 'file'), 'user.note', Buffer.from('kept'));
    await link(join(data, 'file'), join(data, 'sub/same'));
    await symlink('/etc/passwd', join(data, 'link'));
    await writeFile(Buffer.concat([Buffer.from(`${data}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'odd name');
    makeNode(join(data, 'device'), { type: 'char', mode: 0o620, major: 5, minor: 1 });
    makeNode(join(data, 'pipe'), { type: 'fifo', mode: 0o600 });
    await using sparse = await open(join(data, 'sparse'), 'w');
    await sparse.truncate(50_000_000);
    await sparse.write('end', 49_000_000);
    setTimes(join(data, 'file'), { mtime: 1_234_567_890_123_456_789n });
    await chown(data, 7, 8);
    await chmod(data, 0o2770);
    setTimes(data, { mtime: 1_111_111_111_000_000_001n });

    const { path } = await engine.volumes.ensure('data');
    await engine.volumes.copyUp('data', { rootfs: root, path: '/var/lib/app' });
    const same = (name: string) => {
      const [from, to] = [preciseStat(join(data, name)), preciseStat(join(path, name))];
      for (const key of [
        'kind',
        'mode',
        'uid',
        'gid',
        'size',
        'mtimeNs',
        'nlink',
        'major',
        'minor',
      ] as const) {
        assert.equal(to[key], from[key], `${key} of "${name}"`);
      }
    };
    for (const name of ['', 'file', 'sub', 'sub/same', 'link', 'device', 'pipe', 'sparse']) same(name);
    assert.deepEqual((await readdir(path)).length, (await readdir(data)).length);
    assert.equal(getXattr(join(path, 'file'), 'user.note')?.toString(), 'kept');
    assert.equal((await lstat(join(path, 'file'))).ino, (await lstat(join(path, 'sub/same'))).ino);
    assert.equal(await readlink(join(path, 'link')), '/etc/passwd');
    assert.ok((await stat(join(path, 'sparse'))).blocks < 1000);
    // Nothing is left beside the data.
    assert.deepEqual(await readdir(join(path, '..')), ['_data']);
  });
});

test('copyUp() fills an empty volume only', async () => {
  await withRootfs(async (root) => {
    await using engine = await openTestVolumes();
    await mkdir(join(root, 'data'));
    await writeFile(join(root, 'data/from-image'), 'x');
    const { path } = await engine.volumes.ensure('data');
    await writeFile(join(path, 'mine'), 'y');
    await engine.volumes.copyUp('data', { rootfs: root, path: '/data' });
    assert.deepEqual(await readdir(path), ['mine']);
    await rm(join(path, 'mine'));
    await engine.volumes.copyUp('data', { rootfs: root, path: '/not/there' });
    assert.deepEqual(await readdir(path), []);
    await engine.volumes.copyUp('data', { rootfs: root, path: '/data' });
    assert.deepEqual(await readdir(path), ['from-image']);
  });
});

test('attack 18: copyUp() of a path through links stays inside the image', async () => {
  await withRootfs(async (root, outside) => {
    await using engine = await openTestVolumes();
    await mkdir(join(root, 'inside'));
    await symlink(outside, join(root, 'absolute'));
    await symlink('../../../../../../../../../../..', join(root, 'up'));
    await symlink('/proc/self/root', join(root, 'magic'));
    await symlink('/absolute', join(root, 'inside/again'));
    for (const path of [
      '/absolute',
      `/up${outside}`,
      `/magic${outside}`,
      '/inside/again',
      `/../../../../../..${outside}`,
      '/inside/../../../../../../etc',
    ]) {
      const volume = await engine.volumes.ensure(undefined);
      await engine.volumes.copyUp(volume.name, { rootfs: root, path });
      assert.deepEqual(await readdir(volume.path), [], path);
    }
  });
});

test('attack 18: links in the copied folder are copied, never followed', async () => {
  await withRootfs(async (root, outside) => {
    await using engine = await openTestVolumes();
    await mkdir(join(root, 'data/deep'), { recursive: true });
    await symlink(outside, join(root, 'data/deep/out'));
    await symlink(join(outside, 'secret'), join(root, 'data/secret'));
    const { path } = await engine.volumes.ensure('data');
    await engine.volumes.copyUp('data', { rootfs: root, path: '/data' });
    assert.equal(await readlink(join(path, 'deep/out')), outside);
    assert.equal(await readlink(join(path, 'secret')), join(outside, 'secret'));
    assert.equal((await lstat(join(path, 'secret'))).isSymbolicLink(), true);
  });
});

test('copyUp() onto a file of the image is refused, and a socket is left out', async () => {
  await withRootfs(async (root) => {
    await using engine = await openTestVolumes();
    await writeFile(join(root, 'file'), 'x');
    await mkdir(join(root, 'data'));
    const server = createServer().listen(join(root, 'data/socket'));
    await once(server, 'listening');
    const { path } = await engine.volumes.ensure('data');
    await assert.rejects(engine.volumes.copyUp('data', { rootfs: root, path: '/file' }), {
      code: 'VOLUME_INVALID',
      message: 'cannot mount volume over existing file, file exists /file',
    });
    await engine.volumes.copyUp('data', { rootfs: root, path: '/data' });
    assert.deepEqual(await readdir(path), []);
    server.close();
  });
});

test('copyUp() that was killed leaves an empty volume or, from a point on, a full one', async () => {
  for (const killedAt of ['volumes.before-filled', 'volumes.filling']) {
    await withRootfs(async (root) => {
      const dataRoot = await mkdtemp(join(tmpdir(), 'berth-volumes-'));
      try {
        await mkdir(join(root, 'data/sub'), { recursive: true });
        await writeFile(join(root, 'data/sub/file'), 'x');
        await writeFile(join(root, 'data/other'), 'y');
        {
          await using engine = await openTestVolumes({
            dataRoot,
            onStep: (step) => {
              if (step === killedAt) throw new Error('killed');
            },
          });
          await engine.volumes.ensure('data');
          await assert.rejects(engine.volumes.copyUp('data', { rootfs: root, path: '/data' }), /killed/);
        }
        await using engine = await openTestVolumes({ dataRoot });
        const { path } = await engine.volumes.ensure('data');
        const whole = killedAt === 'volumes.filling' ? ['other', 'sub'] : [];
        assert.deepEqual((await readdir(path)).sort(), whole);
        await engine.volumes.copyUp('data', { rootfs: root, path: '/data' });
        assert.deepEqual((await readdir(path)).sort(), ['other', 'sub']);
        assert.equal(await readFile(join(path, 'sub/file'), 'utf8'), 'x');
        assert.deepEqual(await readdir(join(path, '..')), ['_data']);
      } finally {
        await rm(dataRoot, { recursive: true });
      }
    });
  }
});
