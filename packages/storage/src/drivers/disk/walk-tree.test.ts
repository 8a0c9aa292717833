import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeDeepTree } from '../../testing/deep-tree.ts';
import { Scratch, whyNotHere } from '../../testing/scratch.ts';
import { walkTree } from './walk-tree.ts';

const DEPTH = 5000;
const UNLIMITED = { spend() {} };
const MODULES = { disk: './open-disk-work.ts', tree: '../../tree/workers.ts' };

describe('walkTree()', { skip: whyNotHere() }, () => {
  test('meets all, and leaves each folder after what is in it', async () => {
    await using scratch = await Scratch.make();
    for (const folder of ['a/b', 'a/c', '.wh.d/e'])
      mkdirSync(join(scratch.path, 'tree', folder), { recursive: true });
    for (const file of ['1', 'a/2', 'a/b/3', '.wh.d/e/4'])
      writeFileSync(join(scratch.path, 'tree', file), '');
    const met: string[] = [];
    const visitor = {
      enter: () => met.push('enter'),
      file: (path: Buffer) => met.push(basename(path.toString())),
      leave: (path: Buffer) => met.push(`leave ${basename(path.toString())}`),
      skips: (name: Buffer) => name.toString().startsWith('.wh.'),
    };
    assert.equal(walkTree(join(scratch.path, 'tree'), visitor, UNLIMITED), true);
    const expected = ['1', '2', '3', 'enter', 'enter', 'enter', 'enter', 'leave a', 'leave b', 'leave c'];
    assert.deepEqual(met.toSorted(), expected);
    assert.ok(met.indexOf('3') < met.indexOf('leave b') && met.indexOf('leave b') < met.indexOf('leave a'));
    assert.equal(met.at(0), 'enter');
    assert.equal(walkTree(join(scratch.path, 'tree/1'), visitor, UNLIMITED), false);
    assert.equal(walkTree(join(scratch.path, 'none'), visitor, UNLIMITED), false);
  });

  test('a tree deeper than any path is walked by a few descriptors, which are closed however it ends', async () => {
    await using scratch = await Scratch.make();
    makeDeepTree(join(scratch.path, 'tree'), DEPTH);
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    let most = 0;
    const counts = { enter: 0, file: 0, leave: 0 };
    const visitor = {
      enter() {
        counts.enter++;
        most = Math.max(most, descriptors());
      },
      file: () => counts.file++,
      leave: () => counts.leave++,
    };
    walkTree(join(scratch.path, 'tree'), visitor, UNLIMITED);
    assert.deepEqual(counts, { enter: DEPTH + 1, file: DEPTH, leave: DEPTH });
    assert.ok(most - before <= 66, `${most - before} descriptors`);
    const stops = () => {
      if (counts.leave++ > DEPTH * 1.5) throw new Error('stopped');
    };
    assert.throws(
      () => walkTree(join(scratch.path, 'tree'), { ...visitor, leave: stops }, UNLIMITED),
      /stopped/,
    );
    assert.equal(descriptors(), before);
  });

  test('where a folder is moved with the walk in it, nothing around its new place is met', async () => {
    await using scratch = await Scratch.make();
    makeDeepTree(join(scratch.path, 'tree'), 200);
    for (const name of ['outside', 'outside/other']) mkdirSync(join(scratch.path, name));
    writeFileSync(join(scratch.path, 'outside/other/secret'), '');
    writeFileSync(join(scratch.path, 'tree/z'), '');
    const met = new Set<string>();
    let entered = 0;
    const visitor = {
      enter() {
        // Those around it are closed by now, but for the top.
        if (++entered === 190)
          renameSync(join(scratch.path, `tree${'/d'.repeat(100)}`), join(scratch.path, 'outside/moved'));
      },
      file(path: Buffer) {
        met.add(readlinkSync(path.subarray(0, path.lastIndexOf('/'))).toString());
        met.add(basename(path.toString()));
      },
      leave: (path: Buffer) => met.add(basename(path.toString())),
    };
    assert.equal(walkTree(join(scratch.path, 'tree'), visitor, UNLIMITED), true);
    assert.ok(met.has('z'), 'the top goes on');
    assert.ok(!met.has('secret') && !met.has('other') && !met.has('moved'), [...met].slice(-5).join(' '));
  });

  test(`a process with 256 descriptors measures, strips and removes a tree ${DEPTH} deep`, async () => {
    await using scratch = await Scratch.make();
    makeDeepTree(join(scratch.path, 'tree'), DEPTH);
    const url = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
    const script = `
      import { openDiskWork } from ${url(MODULES.disk)};
      import { openTreeWorkers } from ${url(MODULES.tree)};
      const path = process.argv[1];
      await using disk = openDiskWork();
      await using workers = openTreeWorkers();
      const diskBytes = await disk.measureTree(path);
      const again = await disk.measureTree(path, { snapshotAtNs: 1n });
      await disk.stripAttributes(path);
      const size = await workers.size({ form: 'tree', path });
      const freed = await disk.removeTree(path);
      console.log(JSON.stringify({ size, isSame: diskBytes === freed && diskBytes === again }));`;
    const child = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -n 256 && exec "$@"',
        'sh',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
        join(scratch.path, 'tree'),
      ],
      { encoding: 'utf8', timeout: 120_000 },
    );
    assert.equal(child.status, 0, child.stderr);
    assert.deepEqual(JSON.parse(child.stdout), { size: DEPTH * 4, isSame: true });
    assert.deepEqual(readdirSync(scratch.path), []);
  });
});
