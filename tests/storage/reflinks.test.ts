import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileExtents, syncFileSystem } from '@berth/linux';
import { digestBytes, makeTarEntry, writeTar } from '@berth/oci';
import { openLayerStore } from '@berth/storage';
import { Scratch } from '@berth/storage/testsuite';
import { debianFileSystem } from './places.ts';

const LARGE = 64 << 20;

function usedBytes(path: string): number {
  syncFileSystem(path);
  const { blocks, bfree, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize;
}

for (const [type, mkfsArguments] of [
  ['btrfs', []],
  ['xfs', ['-m', 'reflink=1']],
] as const) {
  const { skip, place } = await debianFileSystem(type, { mkfsArguments });
  describe(`vfs on ${type}`, { skip }, () => {
    test('shares the blocks of its copies until one is changed', async () => {
      await using scratch = await Scratch.make(place);
      await using store = await openLayerStore({ root: join(scratch.path, 'storage'), driver: 'vfs' });
      const inputs = [
        {
          entry: makeTarEntry({ type: 'file', path: 'large', size: LARGE }),
          content: [Buffer.alloc(LARGE, 'large')],
        },
      ];
      const tar = Buffer.concat(await Array.fromAsync(writeTar(inputs)));
      const layers = await store.apply({
        layers: [
          {
            diffID: digestBytes(tar) as never,
            open: async function* () {
              yield tar;
            },
          },
        ],
        owner: 'image',
      });
      const before = usedBytes(scratch.path);
      const parent = layers[0]?.chainID as NonNullable<(typeof layers)[0]>['chainID'];
      for (const name of ['a', 'b', 'c']) await store.createContainerLayer(name, { parent });
      const root = await store.mount('a');
      const taken = usedBytes(scratch.path) - before;
      assert.ok(taken < 4 << 20, `three containers took ${taken} bytes`);
      assert.equal(statSync(`${root}/large`).size, LARGE);
      assert.ok(fileExtents(`${root}/large`).every(({ isShared }) => isShared));

      writeFileSync(`${root}/large`, 'X', { flag: 'r+', flush: true });
      const own = fileExtents(`${root}/large`).filter(({ isShared }) => !isShared);
      const bytes = own.reduce((sum, { length }) => sum + length, 0);
      assert.ok(bytes > 0 && bytes <= 64 << 10, `${bytes} bytes of its own`);
      syncFileSystem(root);
      const [a, b] = (await store.usage()).containerLayers.map(({ diskBytes }) => diskBytes);
      assert.ok(a !== undefined && a >= bytes && a <= 128 << 10, `who changed a byte takes ${a} bytes`);
      assert.ok(b !== undefined && b <= 64 << 10, `who changed nothing takes ${b} bytes`);
      const status = new Map(await store.status());
      assert.equal(status.get('Copies By'), 'reflink');
      const other = await store.mount('b');
      assert.ok(fileExtents(`${other}/large`).every(({ isShared }) => isShared));
    });

    test('goes on after a file that cannot be shared', {
      skip: type === 'xfs' && 'btrfs has such files',
    }, async () => {
      await using scratch = await Scratch.make(place);
      await using store = await openLayerStore({ root: join(scratch.path, 'storage'), driver: 'vfs' });
      const tar = Buffer.concat(await Array.fromAsync(writeTar([])));
      const [layer] = await store.apply({
        layers: [
          {
            diffID: digestBytes(tar) as never,
            open: async function* () {
              yield tar;
            },
          },
        ],
        owner: 'image',
      });
      const home = join(scratch.path, 'storage/vfs');
      const key = readdirSync(home).find((name) => existsSync(join(home, name, 'root')));
      const image = join(home, key ?? '', 'root');
      // Names are listed in their order.
      for (const name of ['no-copy-on-write', 'z-later']) {
        writeFileSync(`${image}/${name}`, '');
        if (name !== 'z-later') assert.equal(spawnSync('chattr', ['+C', `${image}/${name}`]).status, 0);
        writeFileSync(`${image}/${name}`, Buffer.alloc(1 << 20, name), { flush: true });
        // With a hole: else the kernel shares it when it is told to copy.
        truncateSync(`${image}/${name}`, 2 << 20);
      }
      await store.createContainerLayer('c', {
        parent: layer?.chainID as NonNullable<typeof layer>['chainID'],
      });
      const root = await store.mount('c');
      syncFileSystem(root);
      const placeOf = (path: string) =>
        fileExtents(path)
          .map(({ physical }) => physical)
          .toArray();
      assert.deepEqual(placeOf(`${root}/z-later`), placeOf(`${image}/z-later`));
      assert.notDeepEqual(placeOf(`${root}/no-copy-on-write`), placeOf(`${image}/no-copy-on-write`));
      assert.equal(readFileSync(`${root}/no-copy-on-write`, 'utf8').slice(0, 16), 'no-copy-on-write');
    });
  });
}
