import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getXattr, setTimes } from '@berth/linux';
import { readTar } from '@berth/oci';
import type { LayerKey } from '../../drivers/interface.ts';
import { TAR_TIME, type TreeSpec } from '../../testing/layer-tars.ts';
import { keysOnDisk } from '../../testing/on-disk.ts';
import { listTree } from '../../testing/tree-listing.ts';
import type { StoreBench, StoreUnderTest } from './store-bench.ts';

const IMAGE: readonly TreeSpec[] = [
  { 'etc/': {}, 'etc/os': 'debian' },
  { 'srv/': {}, 'srv/data': 'x' },
];

/** The read-write layer of a container, and the mount points below it. */
export function containerCases(bench: StoreBench): void {
  bench.test('a container sees its image and writes only for itself', async (given) => {
    const one = await given.container('one', IMAGE);
    const two = await given.containerOn('two', (await given.store.containerLayer('one'))?.parent);
    writeFileSync(`${one}/srv/data`, 'changed by one');
    assert.equal(readFileSync(`${two}/srv/data`, 'utf8'), 'x');
    await given.removeContainer('one');
    const three = await given.containerOn('three', (await given.store.containerLayer('two'))?.parent);
    assert.equal(readFileSync(`${three}/srv/data`, 'utf8'), 'x');
    for (const name of ['two', 'three']) await given.removeContainer(name);
    await given.assertClean();
  });

  bench.test(
    "the root of a container is the image's, and a commit brings only what was changed",
    async (given) => {
      const xattrs = new Map([['trusted.berth', Buffer.from('kept')]]);
      const images: readonly (readonly TreeSpec[])[] = [
        [{ './': { mode: 0o711, uid: 12, gid: 34, xattrs } }],
        // The upper layer has no entry for it: an unpacked one is the parent's.
        [{ './': { mode: 0o711, uid: 12, gid: 34, xattrs } }, { file: 'x' }],
        [{ './': { mode: 0o755 } }, { './': { mode: 0o711, uid: 12, gid: 34, xattrs }, file: 'x' }],
      ];
      for (const [at, image] of images.entries()) {
        const name = `root-${at}`;
        const root = await given.container(name, image);
        const look = (path: string) => {
          const { mode, uid, gid } = statSync(path);
          return [mode & 0o7777, uid, gid, getXattr(path, 'trusted.berth')?.toString()];
        };
        assert.deepEqual(look(root), [0o711, 12, 34, 'kept']);
        assert.equal(statSync(root, { bigint: true }).mtimeNs, TAR_TIME);
        assert.deepEqual(await given.store.changes(name), []);
        assert.equal(await given.store.commit(name), undefined);
        writeFileSync(`${root}/new`, 'n');
        const first = await given.store.commit(name);
        assert.deepEqual(await rootEntries(given, name), []);
        chmodSync(root, 0o1777);
        const second = await given.store.commit(name);
        assert.deepEqual(await rootEntries(given, name), [
          { mode: 0o1777, uid: 12, gid: 34, attributes: ['trusted.berth'] },
        ]);
        for (const [layer, mode] of [
          [first, 0o711],
          [second, 0o1777],
        ] as const) {
          const child = await given.containerOn(`${name}-child`, layer?.chainID);
          assert.deepEqual(look(child), [mode, 12, 34, 'kept']);
          await given.removeContainer(`${name}-child`);
        }
        await given.removeContainer(name);
      }
    },
  );

  bench.test('a container without an image is empty but for the mount points', async (given) => {
    const root = await given.containerOn('scratch', undefined);
    assert.deepEqual(readdirSync(root).sort(), ['.dockerenv', 'dev', 'etc', 'proc', 'sys']);
    writeFileSync(`${root}/file`, 'x');
    assert.deepEqual(await given.store.changes('scratch'), [{ kind: 'added', path: '/file' }]);
    await given.removeContainer('scratch');
  });

  bench.test('the mount points are there, and show in no change, diff or size', async (given) => {
    const root = await given.container('c', IMAGE);
    for (const folder of ['proc', 'sys', 'dev/pts', 'dev/shm'])
      assert.ok(statSync(join(root, folder)).isDirectory());
    for (const file of ['.dockerenv', 'dev/console', 'etc/hosts', 'etc/hostname', 'etc/resolv.conf']) {
      assert.equal(readFileSync(join(root, file), 'utf8'), '');
    }
    assert.equal(readlinkSync(`${root}/etc/mtab`), '/proc/mounts');
    // The time of a folder that the image has is the image's.
    assert.equal(statSync(`${root}/etc`, { bigint: true }).mtimeNs, TAR_TIME);
    assert.deepEqual(await given.store.changes('c'), []);
    assert.equal(await given.store.commit('c'), undefined);
    assert.equal(await given.store.containerSize('c'), 0);
    await given.removeContainer('c');
  });

  bench.test(
    'what the image has in the place of a mount point stays; a symlink there does not',
    async (given) => {
      const root = await given.container('c', [
        {
          'etc/': {},
          'etc/hosts': 'mine',
          'etc/resolv.conf': { type: 'symlink', linkPath: '../run/systemd/resolve/stub-resolv.conf' },
          'etc/mtab': { type: 'symlink', linkPath: '../proc/self/mounts' },
          'proc/': { mode: 0o555 },
        },
      ]);
      assert.equal(readFileSync(`${root}/etc/hosts`, 'utf8'), 'mine');
      assert.equal(readlinkSync(`${root}/etc/mtab`), '../proc/self/mounts');
      assert.equal(statSync(`${root}/proc`).mode & 0o777, 0o555);
      assert.equal(readFileSync(`${root}/etc/resolv.conf`, 'utf8'), '');
      assert.deepEqual(await given.store.changes('c'), []);
      await given.removeContainer('c');
    },
  );

  bench.test(
    'folders of the image that are symlinks lead the mount points nowhere outside',
    async (given) => {
      const outside = join(given.scratch.path, 'outside');
      await mkdir(outside);
      const root = await given.container('c', [
        {
          etc: { type: 'symlink', linkPath: outside },
          dev: { type: 'symlink', linkPath: `../../../../../../../..${outside}` },
          proc: { type: 'symlink', linkPath: '/nowhere' },
          sys: 'a file',
        },
      ]);
      assert.deepEqual(readdirSync(outside), []);
      assert.ok(existsSync(root));
      await given.removeContainer('c');
    },
  );

  bench.test('a name is taken once, also by two at once', async (given) => {
    const [base] = await given.image([{ a: 'x' }], 'image');
    const create = () => given.store.createContainerLayer('same', { parent: base?.chainID as never });
    const results = await Promise.allSettled([create(), create(), create()]);
    const failures = results.filter((result) => result.status === 'rejected');
    assert.equal(failures.length, 2);
    for (const { reason } of failures) assert.equal(reason.code, 'CONTAINER_LAYER_EXISTS');
    await given.removeContainer('same');
    await given.removeContainer('same');
    assert.equal(await given.store.containerLayer('same'), undefined);
    await given.assertClean();
  });

  bench.test('forty containers are made, mounted and removed at once', async (given) => {
    const [base] = await given.image([{ a: 'x' }], 'image');
    const names = Array.from({ length: 40 }, (_, index) => `c${index}`);
    await Promise.all(
      names.map(async (name) => {
        const root = await given.containerOn(name, base?.chainID);
        writeFileSync(`${root}/mine`, name);
      }),
    );
    // One image, one init layer, forty containers.
    assert.deepEqual(await given.onDisk(), { keys: 42, garbage: 0, tarSplits: 1 });
    const all = await given.store.containerLayers();
    assert.deepEqual(
      all.map(({ name }) => name),
      names.toSorted(),
    );
    for (const name of names) {
      assert.deepEqual(await given.store.changes(name), [{ kind: 'added', path: '/mine' }]);
    }
    await Promise.all(names.map((name) => given.removeContainer(name)));
    assert.deepEqual(await given.onDisk(), { keys: 2, garbage: 0, tarSplits: 1 });
    assert.deepEqual(given.scratch.mounts(), []);
  });

  bench.test('calls for a container that is not there are refused or do nothing', async (given) => {
    const code = 'CONTAINER_LAYER_UNKNOWN';
    await assert.rejects(given.store.mount('none'), { code });
    await assert.rejects(given.store.changes('none'), { code });
    await assert.rejects(given.store.commit('none'), { code });
    await assert.rejects(given.store.containerSize('none'), { code });
    await assert.rejects(given.store.graphData('none'), { code });
    await assert.rejects(Array.fromAsync(given.store.diff('none')), { code });
    await given.store.unmount('none');
    await given.store.removeContainerLayer('none');
    assert.equal(await given.store.containerLayer('none'), undefined);
    const unknown = `sha256:${'0'.repeat(64)}` as never;
    await assert.rejects(given.store.createContainerLayer('c', { parent: unknown }), {
      code: 'LAYER_UNKNOWN',
    });
    assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
  });

  bench.test('mounts are counted', async (given) => {
    const root = await given.container('c', IMAGE);
    assert.equal(await given.store.mount('c'), root);
    await given.store.unmount('c');
    assert.equal((await given.store.containerLayer('c'))?.isMounted, true);
    writeFileSync(`${root}/file`, 'x');
    await given.store.unmount('c');
    assert.equal((await given.store.containerLayer('c'))?.isMounted, false);
    assert.deepEqual(given.scratch.mounts(), []);
    assert.equal(readFileSync(`${await given.store.mount('c')}/file`, 'utf8'), 'x');
    await given.removeContainer('c');
  });

  bench.test(
    'a layer that many share and a killed process had mounted is unmounted at the start',
    async (given) => {
      await given.container('c', IMAGE);
      const mounts = given.scratch.mounts();
      const shared = keysOnDisk(given.home).filter((key) => key.endsWith('-init'));
      assert.equal(shared.length, 1);
      for (const key of shared) await given.driver.mount(key as LayerKey, { isReadonly: true });
      await given.reopen();
      assert.deepEqual(given.scratch.mounts(), mounts);
      await given.removeContainer('c');
      await given.assertClean();
    },
  );

  bench.test('mounts and what was written outlive the store', async (given) => {
    const root = await given.container('c', IMAGE);
    await writeFile(`${root}/file`, 'x');
    const mounts = given.scratch.mounts();
    await given.reopen();
    assert.deepEqual(given.scratch.mounts(), mounts);
    assert.equal((await given.store.containerLayer('c'))?.isMounted, mounts.length > 0);
    assert.equal(await given.store.mount('c'), root);
    assert.equal(await readFile(`${root}/file`, 'utf8'), 'x');
    await given.store.unmount('c');
    assert.deepEqual(given.scratch.mounts(), []);
    await given.removeContainer('c');
    await given.assertClean();
  });

  bench.test('a container that ended while nobody looked is unmounted by one unmount()', async (given) => {
    await given.container('c', IMAGE);
    await given.reopen();
    await given.store.unmount('c');
    assert.deepEqual(given.scratch.mounts(), []);
    await given.removeContainer('c');
  });

  bench.test(
    'removeContainerLayer() succeeds while another mount namespace holds the mount',
    async (given) => {
      await given.container('c', IMAGE);
      const holder = spawn(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-c', 'echo ready; exec sleep 60'],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      try {
        await once(holder.stdout, 'data');
        await given.removeContainer('c');
        assert.equal((await given.onDisk()).garbage, 0);
      } finally {
        holder.kill('SIGKILL');
        await once(holder, 'close');
      }
      await given.assertClean();
    },
  );

  bench.test('graphData() names folders that are there', async (given) => {
    const root = await given.container('c', IMAGE);
    const parent = (await given.store.containerLayer('c'))?.parent as never;
    for (const data of [await given.store.graphData('c'), await given.store.imageGraphData(parent)]) {
      for (const [name, value] of Object.entries(data)) {
        for (const path of value.split(':')) {
          if (name !== 'WorkDir' && name !== 'MergedDir') assert.ok(existsSync(path), `${name}: ${path}`);
        }
      }
    }
    assert.ok(existsSync(root));
    await given.removeContainer('c');
  });

  bench.test('container layers are made with a limit of size, or refused', async (given) => {
    const [base] = await given.image([{ a: 'x' }]);
    const options = { parent: base?.chainID as never, sizeLimitBytes: 10_000_000 };
    await given.store.createContainerLayer('c', options).catch((error: { code?: string }) => {
      assert.equal(error.code, 'SIZE_LIMIT_UNSUPPORTED');
    });
    await given.removeContainer('c');
    await given.assertClean();
  });

  bench.test('a container shows the same tree after the store was opened anew', async (given) => {
    const root = await given.container('c', IMAGE);
    setTimes(`${root}/srv/data`, { mtime: 5n });
    // A program that copies up changes the time of the root, and tells the old one for a while.
    const from = given.store.driverAbilities.mountsByProgram ? 1 : 0;
    const before = listTree(root, { withTimes: true }).slice(from);
    await given.store.unmount('c');
    await given.reopen();
    const after = listTree(await given.store.mount('c'), { withTimes: true }).slice(from);
    assert.deepEqual(after, before);
    await given.removeContainer('c');
  });
}

async function rootEntries(given: StoreUnderTest, name: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const { entry } of readTar(given.store.diff(name))) {
    const { path, mode, uid, gid, xattrs } = entry;
    if (path === './') found.push({ mode, uid, gid, attributes: [...xattrs.keys()] });
  }
  return found;
}
