/** How much of the disk one changed byte of a large file takes: on a thin pool, and on overlay2 beside it on the same disk and kernel. */
import assert from 'node:assert/strict';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileExtents, syncFileSystem } from '@berth/linux';
import { DEVICEMAPPER_PLACE, SUITE_OPTIONS, whyNoDevicemapper } from '../../testing/devicemapper.ts';
import { Scratch } from '../../testing/scratch.ts';
import { openDiskWork } from '../disk/open-disk-work.ts';
import type { LayerKey, StorageDriver } from '../interface.ts';
import { newLayerKey } from '../keys.ts';
import { DRIVERS } from '../registry.ts';
import { readStatus, readTable, sendMessage } from './dmsetup.ts';
import { openDevicemapper } from './driver.ts';
import { devicePrefix, poolName } from './place.ts';
import { devicePath } from './pool-ground.ts';
import { parsePoolStatus, parsePoolTable } from './pool-lines.ts';
import { mustRun } from './run-program.ts';

const MiB = 1024 ** 2;
const BLOCK = 64 * 1024;
const FILE_BYTES = process.env.BERTH_SOAK === '1' ? 1024 * MiB : 64 * MiB;
const LARGE = 'large';

const skip = await whyNoDevicemapper();

test('one byte of a large file: device mapper takes one block for it, overlay2 the whole file', {
  skip,
}, async (t) => {
  await using scratch = await Scratch.make(DEVICEMAPPER_PLACE);
  await onDevicemapper(t, scratch);
  await onOverlay2(t, scratch);
});

async function onDevicemapper(t: TestContext, scratch: Scratch): Promise<void> {
  const home = join(scratch.path, 'devicemapper');
  mkdirSync(home);
  await using disk = openDiskWork();
  const options = { ...SUITE_OPTIONS, 'dm.basesize': '2G', 'dm.loopmetadatasize': '16M' };
  await using driver = await openDevicemapper({ home, options, disk });
  const base = await layerWithLargeFile(driver);
  const pool = new Pool(poolName(devicePrefix(home)));
  const before = await pool.used();

  const child = newLayerKey();
  await driver.create(child, { parent: base, isWritable: true });
  const made = await pool.used();
  assert.equal(made.data - before.data, 0, 'a fresh container maps blocks');

  const root = await driver.mount(child, { isReadonly: false });
  syncFileSystem(root);
  const mounted = await pool.used();
  const [first, second] = [FILE_BYTES / 2, FILE_BYTES / 4];
  const firstMs = writeByte(join(root, LARGE), first);
  syncFileSystem(root);
  const once = await pool.used();
  writeByte(join(root, LARGE), second);
  syncFileSystem(root);
  const twice = await pool.used();
  const extents = [...fileExtents(join(root, LARGE))];
  const blockOf = (offset: number) => {
    const extent = extents.find((one) => one.offset <= offset && offset < one.offset + one.length);
    assert.ok(extent !== undefined);
    return Number((extent.physical + BigInt(offset - extent.offset)) / BigInt(BLOCK));
  };
  const blocksOfFile = new Set<number>();
  for (let at = 0; at < FILE_BYTES; at += BLOCK) blocksOfFile.add(blockOf(at));
  const wanted = new Set([blockOf(first), blockOf(second)]);
  await driver.unmount(child);

  const changed = await pool.changedBlocks(await idOf(driver, base), await idOf(driver, child));
  // Blocks that the file shares with what the file system keeps beside it count for that.
  const ofFile = changed.filter((block) => blocksOfFile.has(block));
  t.diagnostic(
    [
      `devicemapper, ${FILE_BYTES / MiB} MiB in the layer below, blocks of ${BLOCK / 1024} KiB:`,
      `a fresh container ${made.data - before.data} data and ${made.metadata - before.metadata} metadata blocks,`,
      `mounted ${mounted.data - made.data},`,
      `the first byte ${once.data - mounted.data} (${firstMs.toFixed(1)} ms), the second ${twice.data - once.data};`,
      `of the file ${ofFile.length} of ${blocksOfFile.size} blocks changed, of all else ${changed.length - ofFile.length}`,
    ].join(' '),
  );
  assert.deepEqual(
    ofFile.filter((block) => wanted.has(block)),
    [...wanted].sort((a, b) => a - b),
  );
  assert.ok(ofFile.length <= wanted.size + 1, `${ofFile.length} blocks of the file for two bytes`);
  assert.ok(twice.data - once.data >= 1 && twice.data - once.data <= 3, `${twice.data - once.data} blocks`);
  assert.ok(changed.length <= 24, `${changed.length} blocks changed in all`);
  await driver.remove(child);
  await driver.remove(base);
}

async function onOverlay2(t: TestContext, scratch: Scratch): Promise<void> {
  const entry = DRIVERS.find(({ name }) => name === 'overlay2');
  assert.ok(entry !== undefined);
  const home = join(scratch.path, 'overlay2');
  mkdirSync(home);
  const probe = await entry.probe(home);
  if (!probe.works) {
    t.diagnostic(`overlay2 is not measured: ${probe.cause}`);
    return;
  }
  await using disk = openDiskWork();
  await using driver = await entry.open({ home, options: {}, disk });
  const base = await layerWithLargeFile(driver);
  const child = newLayerKey();
  const used = () => {
    syncFileSystem(home);
    const { blocks, bfree, bsize } = statfsSync(home);
    return (blocks - bfree) * bsize;
  };
  const before = used();
  await driver.create(child, { parent: base, isWritable: true });
  const root = await driver.mount(child, { isReadonly: false });
  const mounted = used();
  const firstMs = writeByte(join(root, LARGE), FILE_BYTES / 2);
  const once = used();
  const secondMs = writeByte(join(root, LARGE), FILE_BYTES / 4);
  const twice = used();
  await driver.unmount(child);
  t.diagnostic(
    [
      `overlay2, ${FILE_BYTES / MiB} MiB in the layer below:`,
      `a fresh container ${(mounted - before) / 1024} KiB,`,
      `the first byte ${((once - mounted) / MiB).toFixed(1)} MiB (${firstMs.toFixed(1)} ms),`,
      `the second ${(twice - once) / 1024} KiB (${secondMs.toFixed(1)} ms)`,
    ].join(' '),
  );
  assert.ok(once - mounted >= FILE_BYTES * 0.99, `${once - mounted} bytes for the first`);
  assert.ok(twice - once < MiB, `${twice - once} bytes for the second`);
  await driver.remove(child);
  await driver.remove(base);
}

async function layerWithLargeFile(driver: StorageDriver): Promise<LayerKey> {
  const key = newLayerKey();
  await driver.create(key, { isWritable: true });
  const root = await driver.mount(key, { isReadonly: false });
  const fd = openSync(join(root, LARGE), 'w');
  for (let at = 0; at < FILE_BYTES; at += MiB) writeSync(fd, Buffer.alloc(MiB, 1 + ((at / MiB) % 250)));
  fsyncSync(fd);
  closeSync(fd);
  await driver.unmount(key);
  return key;
}

/** @returns how long it took until it was on the disk */
function writeByte(path: string, at: number): number {
  const started = performance.now();
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  writeSync(fd, Buffer.from([255]), 0, 1, at);
  fsyncSync(fd);
  const ms = performance.now() - started;
  readSync(fd, byte, 0, 1, at);
  closeSync(fd);
  assert.deepEqual([byte[0], statSync(path).size], [255, FILE_BYTES]);
  return ms;
}

async function idOf(driver: StorageDriver, key: LayerKey): Promise<number> {
  return Number((await driver.metadata(key)).DeviceId);
}

/** What the kernel itself says of a pool. */
class Pool {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** In blocks: 64 KiB of data, 4 KiB of metadata. */
  async used(): Promise<{ readonly data: number; readonly metadata: number }> {
    const status = parsePoolStatus(await readStatus(this.#name));
    assert.ok(status !== 'failed');
    return { data: status.data.used, metadata: status.metadata.used };
  }

  /** Numbers of the blocks in which `to` differs from `from`. */
  async changedBlocks(from: number, to: number): Promise<readonly number[]> {
    const table = parsePoolTable((await readTable(this.#name)) ?? '');
    assert.ok(table !== undefined);
    const device = await devicePath(table.metadataDevice);
    await sendMessage(this.#name, 'reserve_metadata_snap');
    try {
      const args = ['--metadata-snap', '--snap1', String(from), '--snap2', String(to), device];
      const said = await mustRun('thin_delta', args);
      const ranges = [
        ...said.matchAll(/<(?:different|right_only) [^>]*\bbegin="(\d+)"[^>]*\blength="(\d+)"/g),
      ];
      return ranges
        .flatMap(([, begin, length]) => Array.from({ length: Number(length) }, (_, at) => Number(begin) + at))
        .sort((a, b) => a - b);
    } finally {
      await sendMessage(this.#name, 'release_metadata_snap');
    }
  }
}
