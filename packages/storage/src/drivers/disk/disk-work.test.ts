import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { bindMount, getXattr, mountFileSystem, setXattr, unmount } from '@berth/linux';
import { Scratch, whyNotHere } from '../../testing/scratch.ts';
import { listTree } from '../../testing/tree-listing.ts';
import { measureTree } from './measure-tree.ts';
import { openDiskWork } from './open-disk-work.ts';
import { BudgetSpent, EntryBudget } from './walk.ts';

function makeFiles(path: string, count: number): void {
  mkdirSync(path, { recursive: true });
  for (let index = 0; index < count; index++) writeFileSync(join(path, `file-${index}`), `content ${index}`);
}

describe('openDiskWork()', { skip: whyNotHere() }, () => {
  test('copyTree() stops when it is told to', async () => {
    await using scratch = await Scratch.make();
    await using disk = openDiskWork();
    makeFiles(join(scratch.path, 'from'), 5000);
    const controller = new AbortController();
    const copying = disk.copyTree(join(scratch.path, 'from'), join(scratch.path, 'to'), {
      signal: controller.signal,
    });
    while (!existsSync(join(scratch.path, 'to', 'file-0'))) await wait(1);
    controller.abort();
    await assert.rejects(copying, { name: 'AbortError' });
    assert.ok((await readdir(join(scratch.path, 'to'))).length < 5000);
    // And the worker goes on with other things.
    await disk.copyTree(join(scratch.path, 'from'), join(scratch.path, 'again'));
    assert.equal((await readdir(join(scratch.path, 'again'))).length, 5000);
  });

  test('copyTree() refuses a target that is there, and says ENOENT for a source that is not', async () => {
    await using scratch = await Scratch.make();
    await using disk = openDiskWork();
    makeFiles(join(scratch.path, 'from'), 2);
    mkdirSync(join(scratch.path, 'to'));
    await assert.rejects(disk.copyTree(join(scratch.path, 'from'), join(scratch.path, 'to')), {
      code: 'EEXIST',
    });
    await assert.rejects(disk.copyTree(join(scratch.path, 'none'), join(scratch.path, 'new')), {
      code: 'ENOENT',
    });
  });

  test('copyTree() to a full disk gives DISK_FULL with path and free bytes', async () => {
    await using scratch = await Scratch.make();
    await using disk = openDiskWork();
    const from = join(scratch.path, 'from');
    mkdirSync(from);
    writeFileSync(join(from, 'large'), Buffer.alloc(4 << 20, 1));
    const small = join(scratch.path, 'small');
    mkdirSync(small);
    mountFileSystem(small, { type: 'tmpfs', data: 'size=1m' });
    await assert.rejects(disk.copyTree(from, join(small, 'to')), (error: Error & Record<string, unknown>) => {
      assert.equal(error.code, 'DISK_FULL');
      assert.match(error.message, /small.*the disk is full \(ENOSPC, \d+ bytes free\)/);
      assert.equal((error.detail as Record<string, unknown>).reason, 'ENOSPC');
      return true;
    });
  });

  test('removeTree() and measureTree() of nothing, a file, a few and many', async () => {
    await using scratch = await Scratch.make();
    await using disk = openDiskWork({ idleMs: 50 });
    assert.equal(await disk.removeTree(join(scratch.path, 'none')), 0);
    assert.equal(await disk.measureTree(join(scratch.path, 'none')), 0);
    for (const count of [3, 3000]) {
      const path = join(scratch.path, `tree-${count}`);
      makeFiles(path, count);
      const du = spawnSync('du', ['--summarize', '--block-size=1', path], { encoding: 'utf8' });
      assert.equal(await disk.measureTree(path), Number(du.stdout.split('\t')[0]));
      assert.ok((await disk.removeTree(path)) > 0);
      assert.equal(existsSync(path), false);
    }
    writeFileSync(join(scratch.path, 'file'), 'x');
    await disk.removeTree(join(scratch.path, 'file'));
    symlinkSync('/etc', join(scratch.path, 'link'));
    await disk.removeTree(join(scratch.path, 'link'));
    assert.deepEqual(listTree(scratch.path).slice(1), []);
    assert.ok(existsSync('/etc/passwd'));
  });

  test('what asks for extents is not done on the calling thread, and gives the same', async () => {
    await using scratch = await Scratch.make();
    await using disk = openDiskWork();
    const path = join(scratch.path, 'tree');
    mkdirSync(path);
    writeFileSync(join(path, 'file'), Buffer.alloc(100_000, 'x'), { flush: true });
    symlinkSync('file', join(path, 'link'));
    const { birthtimeNs, blocks } = statSync(join(path, 'file'), { bigint: true });
    // Changed since, and not new.
    const snapshotAtNs = birthtimeNs + 1n;
    await wait(20);
    chmodSync(join(path, 'file'), 0o600);
    assert.throws(() => measureTree(path, new EntryBudget(200), { snapshotAtNs }), BudgetSpent);
    const folderBytes = statSync(path).blocks * 512;
    const bytes = await disk.measureTree(path, { snapshotAtNs });
    assert.ok(
      bytes - folderBytes >= 100_000 && bytes - folderBytes <= Number(blocks) * 512 + 4096,
      `${bytes} bytes`,
    );
  });

  for (const count of [3, 500]) {
    test(`removeTree() and the others do not enter what is mounted in a tree of ${count} files`, async () => {
      await using scratch = await Scratch.make();
      await using disk = openDiskWork();
      const tree = join(scratch.path, 'tree');
      makeFiles(tree, count);
      const outside = join(scratch.path, 'outside');
      makeFiles(outside, 2);
      setXattr(join(outside, 'file-0'), 'trusted.overlay.origin', Buffer.from('kept'));
      const before = await disk.measureTree(tree);
      const inner = join(tree, 'a/b/c');
      mkdirSync(inner, { recursive: true });
      bindMount(outside, inner);
      const memory = join(tree, 'memory');
      mkdirSync(memory);
      mountFileSystem(memory, { type: 'tmpfs' });
      writeFileSync(join(memory, 'file'), Buffer.alloc(1 << 20));
      assert.ok((await disk.measureTree(tree)) - before < 64 << 10);
      await disk.stripAttributes(tree);
      assert.ok(getXattr(join(outside, 'file-0'), 'trusted.overlay.origin'));
      const refused = { code: 'LAYER_BUSY', class: 'failedPrecondition' };
      for (const path of [inner, memory]) await assert.rejects(disk.removeTree(path), refused);
      await assert.rejects(disk.removeTree(tree), {
        ...refused,
        message: /mounted at ".*\/(a\/b\/c|memory)"/,
      });
      unmount(memory);
      await assert.rejects(disk.removeTree(tree), { ...refused, message: /mounted at ".*\/a\/b\/c"/ });
      assert.deepEqual(await readdir(outside), ['file-0', 'file-1']);
      unmount(inner);
      await disk.removeTree(tree);
      assert.equal(existsSync(tree), false);
      assert.deepEqual(await readdir(outside), ['file-0', 'file-1']);
    });
  }

  test('removeTree() stays inside while folders become symlinks under its hands', async () => {
    await using scratch = await Scratch.make();
    await using disk = openDiskWork();
    const outside = join(scratch.path, 'outside');
    makeFiles(outside, 50);
    const path = join(scratch.path, 'tree');
    const stop = new SharedArrayBuffer(4);
    const swapper = new Worker(
      `const fs = require('node:fs'); const { workerData: { path, outside, stop } } = require('node:worker_threads');
       const flag = new Int32Array(stop);
       for (let n = 0; Atomics.load(flag, 0) === 0; n = (n + 1) % 40) {
         try { fs.renameSync(path + '/d' + n, path + '/x' + n); fs.symlinkSync(outside, path + '/d' + n); } catch {}
         try { fs.unlinkSync(path + '/d' + n); fs.renameSync(path + '/x' + n, path + '/d' + n); } catch {}
       }`,
      { eval: true, workerData: { path, outside, stop } },
    );
    try {
      for (let round = 0; round < 20; round++) {
        const prepared = join(scratch.path, 'prepared');
        for (let n = 0; n < 40; n++) makeFiles(join(prepared, `d${n}`), 5);
        if (existsSync(path)) renameSync(path, join(scratch.path, `left-${round}`));
        renameSync(prepared, path);
        await disk.removeTree(path).catch((error: { code?: string }) => {
          // It lost a race and says so; the next call goes on.
          assert.match(error.code ?? '', /ENOTEMPTY|ENOTDIR|EISDIR/);
        });
        assert.equal((await readdir(outside)).length, 50);
      }
    } finally {
      Atomics.store(new Int32Array(stop), 0, 1);
      await once(swapper, 'exit');
    }
  });

  test('a process that used it and forgot to close it ends', () => {
    const script = `
      import { openDiskWork } from ${JSON.stringify(fileURLToPath(new URL('./open-disk-work.ts', import.meta.url)))};
      const disk = openDiskWork();
      await disk.copyTree(process.argv[1], process.argv[1] + '-copy');`;
    const scratch = spawnSync('mktemp', ['-d'], { encoding: 'utf8' }).stdout.trim();
    try {
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, scratch], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      assert.equal(child.status, 0, child.stderr);
      assert.ok(existsSync(`${scratch}-copy`));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
      rmSync(`${scratch}-copy`, { recursive: true, force: true });
    }
  });
});
