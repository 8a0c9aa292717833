import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bindMount, mountFileSystem, setImmutable, unmount } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import type { DriverProbe } from '../interface.ts';
import { newInitKey, newLayerKey } from '../keys.ts';
import type { DriverBench } from './driver-bench.ts';

const PROBE = join(import.meta.dirname, 'probe.child.ts');

/** Making, finding and removing layers. */
export function lifeCases(bench: DriverBench): void {
  bench.test('probe() says which capabilities are missing, and leaves nothing', async (given) => {
    const home = join(given.scratch.path, 'probed');
    await mkdir(home);
    const words = ['--inh-caps=-all', '--bounding-set=-all', process.execPath, PROBE, bench.entry.name, home];
    const { stdout, stderr, status } = spawnSync('setpriv', words, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const probe = JSON.parse(stdout) as DriverProbe;
    assert.ok(!probe.works);
    assert.match(probe.evidence, /CAP_[A-Z_]+.* not among its effective capabilities/);
    assert.match(probe.fix, /root/);
    assert.deepEqual(await readdir(home), []);
  });

  bench.test('create() makes an empty root filesystem, 0755 and of root', async (given) => {
    const key = await given.layer(undefined);
    assert.deepEqual(await given.list(key), ['"" directory 0755 0:0']);
  });

  bench.test('create() refuses a key that is there, and leaves it as it was', async (given) => {
    const key = await given.layer(undefined, (root) => writeFileSync(`${root}/a`, 'kept'));
    await assert.rejects(given.driver.create(key, { isWritable: true }), { code: 'LAYER_EXISTS' });
    assert.equal(await given.look(key, (root) => readFile(`${root}/a`, 'utf8')), 'kept');
  });

  bench.test('create() refuses a parent that is not there, and makes nothing', async (given) => {
    const key = newLayerKey();
    const parent = newLayerKey();
    await assert.rejects(given.driver.create(key, { parent, isWritable: false }), { code: 'LAYER_UNKNOWN' });
    assert.deepEqual((await given.driver.list()).keys, new Set());
  });

  bench.test('open(), mount() of a key that is not there are refused', async (given) => {
    await assert.rejects(given.driver.open(newLayerKey()), { code: 'LAYER_UNKNOWN' });
    await assert.rejects(given.driver.mount(newLayerKey(), { isReadonly: false }), { code: 'LAYER_UNKNOWN' });
  });

  bench.test('open() gives the folder whose files are the layer', async (given) => {
    const key = newLayerKey();
    await given.driver.create(key, { isWritable: false });
    {
      await using folder = await given.driver.open(key);
      assert.equal(folder.form, given.driver.abilities.form.form);
      await writeFile(join(folder.path, 'file'), 'from outside');
    }
    assert.equal(await given.look(key, (root) => readFile(`${root}/file`, 'utf8')), 'from outside');
  });

  bench.test('list() names exactly what was made', async (given) => {
    const base = await given.layer(undefined);
    const child = await given.layer(base);
    const init = newInitKey();
    await given.driver.create(init, { parent: base, isWritable: true });
    assert.deepEqual((await given.driver.list()).keys, new Set([base, child, init]));
    await given.driver.remove(child);
    assert.deepEqual(await given.driver.list(), { keys: new Set([base, init]), garbage: [] });
  });

  bench.test('remove() takes all of a layer away, as often as one likes', async (given) => {
    const base = await given.layer(undefined, (root) => writeFileSync(`${root}/a`, 'a'));
    const child = await given.layer(base, (root) => writeFileSync(`${root}/b`, 'b'));
    await given.driver.remove(child);
    await given.driver.remove(child);
    await given.driver.remove(base);
    await given.driver.remove(newLayerKey());
    assert.deepEqual(await given.driver.list(), { keys: new Set(), garbage: [] });
    await assert.rejects(given.driver.open(base), { code: 'LAYER_UNKNOWN' });
  });

  bench.test('remove() takes files with the immutable flag and their folders', async (given, context) => {
    const key = await given.layer(undefined, (root) => {
      mkdirSync(`${root}/locked`);
      writeFileSync(`${root}/locked/file`, 'x');
      symlinkSync('/nowhere', `${root}/locked/link`);
      try {
        setImmutable(`${root}/locked/file`, true);
        setImmutable(`${root}/locked`, true);
      } catch {
        context.skip('this file system has no immutable flag');
      }
    });
    await given.driver.remove(key);
    assert.deepEqual(await given.driver.list(), { keys: new Set(), garbage: [] });
  });

  bench.test('remove() takes a tree whose paths are longer than the kernel takes', async (given) => {
    const key = newLayerKey();
    await given.driver.create(key, { isWritable: true });
    await using folder = await given.driver.open(key);
    // 500 levels of 200 characters: each is made by a shell that is inside the one above.
    const name = 'd'.repeat(200);
    const script = `i=0; while [ $i -lt 500 ]; do mkdir ${name} && cd -P ${name} || exit 1; i=$((i+1)); done; echo end > file`;
    const made = spawnSync('sh', ['-c', script], { cwd: folder.path, encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    await given.driver.remove(key);
    assert.deepEqual(await given.driver.list(), { keys: new Set(), garbage: [] });
  });

  bench.test('remove() of a large layer does not follow symlinks out of it', async (given) => {
    const outside = join(given.scratch.path, 'sentinel');
    await mkdir(outside);
    await writeFile(join(outside, 'file'), 'stays');
    const key = await given.layer(undefined, (root) => {
      for (let index = 0; index < 400; index++) writeFileSync(`${root}/file-${index}`, '');
      symlinkSync(outside, `${root}/link`);
      symlinkSync(join(outside, 'file'), `${root}/file-link`);
    });
    await given.driver.remove(key);
    assert.equal(await readFile(join(outside, 'file'), 'utf8'), 'stays');
  });

  for (const type of ['bind', 'tmpfs'] as const) {
    bench.test(`remove() does not enter a ${type} mount that was left inside`, async (given) => {
      const outside = join(given.scratch.path, 'sentinel');
      await mkdir(outside);
      await writeFile(join(outside, 'file'), 'stays');
      const key = await given.layer(undefined);
      const root = await given.driver.mount(key, { isReadonly: false });
      const inner = join(root, 'folder', 'inner');
      await mkdir(inner, { recursive: true });
      await writeFile(join(root, 'folder', 'file'), 'of the layer');
      if (type === 'bind') bindMount(outside, inner);
      else mountFileSystem(inner, { type });
      if (type === 'tmpfs') await writeFile(join(inner, 'file'), 'stays');
      const seen = type === 'bind' ? outside : inner;
      try {
        await given.driver.remove(key);
      } catch (error) {
        assert.ok(error instanceof StorageError);
        assert.equal(error.code, 'LAYER_BUSY');
        assert.ok(error.message.includes(`"${inner}"`), error.message);
        assert.match(String(error.hint), /umount/);
        assert.ok((await given.driver.list()).keys.has(key));
        assert.equal(await readFile(join(seen, 'file'), 'utf8'), 'stays');
        unmount(inner);
        await given.driver.remove(key);
      }
      // Where the layer itself is a mount what is mounted inside is detached with it.
      assert.deepEqual(given.scratch.mounts(), []);
      assert.equal(await readFile(join(outside, 'file'), 'utf8'), 'stays');
      assert.deepEqual(await given.driver.list(), { keys: new Set(), garbage: [] });
    });
  }

  bench.test('an unprivileged user reaches nothing in a layer (CVE-2021-41091)', async (given) => {
    await chmod(given.scratch.path, 0o755);
    const key = await given.layer(undefined, async (root) => {
      await writeFile(`${root}/suid`, 'x');
      await chmod(`${root}/suid`, 0o4755);
      const look = spawnSync('ls', [`${root}/suid`], { uid: 65534, gid: 65534, encoding: 'utf8' });
      assert.notEqual(look.status, 0);
      assert.match(look.stderr, /Permission denied/);
    });
    await using folder = await given.driver.open(key);
    const look = spawnSync('cat', [join(folder.path, 'suid')], { uid: 65534, gid: 65534, encoding: 'utf8' });
    assert.match(look.stderr, /Permission denied/);
    assert.equal((await lstat(given.home)).mode & 0o7777, 0o710);
  });

  bench.test('check() finds nothing in a whole layer, and a missing one', async (given) => {
    const base = await given.layer(undefined);
    const child = await given.layer(base);
    assert.deepEqual(await given.driver.check(base, []), []);
    assert.deepEqual(await given.driver.check(child, [base]), []);
    await given.driver.remove(child);
    const [problem] = await given.driver.check(child, [base]);
    assert.equal(problem?.problem, 'missing');
    assert.equal(problem?.key, child);
  });

  bench.test('usage() grows with what is written, and counts hard links once', async (given) => {
    const base = await given.layer(undefined, (root) =>
      writeFileSync(`${root}/base`, Buffer.alloc(4 << 20, 1)),
    );
    const child = await given.layer(base);
    const before = await given.driver.usage(child);
    await given.change(child, (root) => writeFileSync(`${root}/file`, Buffer.alloc(1 << 20, 2)));
    const grown = (await given.driver.usage(child)) - before;
    assert.ok(grown >= 1 << 20 && grown < 2 << 20, `grew by ${grown}`);
    assert.ok((await given.driver.usage(base)) >= 4 << 20);
  });

  bench.test('a limit of size is kept, or refused where the driver has none', async (given) => {
    const key = newLayerKey();
    const { limitsSize, leastSizeLimitBytes: least = 0 } = given.driver.abilities;
    const sizeLimitBytes = Math.max(least, 50_000_000);
    const options = { isWritable: true, sizeLimitBytes };
    if (!limitsSize) {
      await assert.rejects(given.driver.create(key, options), { code: 'SIZE_LIMIT_UNSUPPORTED' });
      assert.deepEqual((await given.driver.list()).keys, new Set());
      return;
    }
    await given.driver.create(key, options);
    await given.change(key, async (root) => {
      const half = Buffer.alloc(sizeLimitBytes / 2, 1);
      await writeFile(`${root}/first`, half);
      const more = async () => {
        for (const name of ['second', 'third']) await writeFile(`${root}/${name}`, half);
      };
      await assert.rejects(more, /EDQUOT|ENOSPC/);
    });
    if (least === 0) return;
    const tooSmall = { isWritable: true, sizeLimitBytes: least - 1_000_000 };
    await assert.rejects(given.driver.create(newLayerKey(), tooSmall), { code: 'SIZE_LIMIT_UNSUPPORTED' });
    assert.deepEqual((await given.driver.list()).keys, new Set([key]));
  });

  bench.test('status() and metadata() are what docker shows', async (given) => {
    const base = await given.layer(undefined);
    const child = await given.layer(base);
    for (const [name, value] of await given.driver.status()) {
      assert.match(name, /^\S.*$/);
      assert.notEqual(value, '');
    }
    for (const value of Object.values(await given.driver.metadata(child))) assert.notEqual(value, '');
  });

  bench.test('open() of the driver refuses options that it does not know', async (given) => {
    const options = { 'no.such-option': 'yes' };
    const opening = bench.entry.open({ home: given.home, options, disk: given.disk });
    await assert.rejects(opening, { code: 'DRIVER_OPTION_INVALID', message: /no\.such-option/ });
  });

  bench.test('probe() says what it found and leaves nothing', async (given) => {
    const before = await given.driver.list();
    const probe = await bench.entry.probe(given.home);
    assert.equal(probe.works, true);
    assert.notEqual(probe.evidence, '');
    assert.deepEqual(await given.driver.list(), before);
    assert.equal(await bench.entry.holdsLayers(given.home), false);
    const key = await given.layer(undefined);
    assert.equal(await bench.entry.holdsLayers(given.home), true);
    await given.driver.remove(key);
    assert.equal(await bench.entry.holdsLayers(given.home), false);
    assert.equal(await bench.entry.holdsLayers(join(given.home, 'not-there')), false);
  });
}
