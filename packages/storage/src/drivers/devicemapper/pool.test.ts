import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { attachedLoops, attachLoop, readMounts } from '@berth/linux';
import { DEVICEMAPPER_PLACE, SUITE_OPTIONS, whyNoDevicemapper } from '../../testing/devicemapper.ts';
import { sampleOf } from '../../testing/sample.ts';
import { Scratch } from '../../testing/scratch.ts';
import { openDiskWork } from '../disk/open-disk-work.ts';
import type { LayerKey, OpenDriverOptions, StorageDriver } from '../interface.ts';
import { newLayerKey } from '../keys.ts';
import { processMark } from '../process-mark.ts';
import { createDevice, findDevice, listDevices, removeDevice, suspendDevice } from './dmsetup.ts';
import { openDevicemapper } from './driver.ts';
import { readSuperblock } from './file-systems.ts';
import { devicePrefix, trialName } from './place.ts';
import { attachGround, makeFiles } from './pool-ground.ts';
import { poolTable, thinTable } from './pool-lines.ts';
import { probeDevicemapper } from './probe.ts';
import { ThinPool } from './thin-pool.ts';

const MiB = 1024 ** 2;
const BLOCK = 64 * 1024;

type Options = Readonly<Record<string, string>>;

/** A folder for one driver that is opened again and again, and what one looks at behind its back. */
class Bench {
  readonly scratch: Scratch;
  readonly home: string;
  readonly #disk = openDiskWork();

  constructor(scratch: Scratch) {
    this.scratch = scratch;
    this.home = join(scratch.path, 'devicemapper');
    mkdirSync(this.home);
  }

  async open(options: Options = {}, onFault?: OpenDriverOptions['onFault']): Promise<StorageDriver> {
    const all: Options = { ...SUITE_OPTIONS, ...options };
    // `''` takes an option of the suite away.
    const set = Object.entries(all).filter(([, value]) => value !== '');
    const { home } = this;
    return await openDevicemapper({
      ...{ home, options: Object.fromEntries(set), disk: this.#disk },
      ...(onFault === undefined ? {} : { onFault }),
    });
  }

  /** Names of devices in the kernel. */
  async devices(): Promise<readonly string[]> {
    const prefix = devicePrefix(this.home);
    return (await listDevices(prefix)).map(({ name }) => name.slice(prefix.length).replace(/\.\d+$/, ''));
  }

  loops(): number {
    const names = attachedLoops().map((path) =>
      readFileSync(`/sys/block/${path.slice(5)}/loop/backing_file`, 'utf8'),
    );
    return names.filter((name) => name.startsWith(this.scratch.path)).length;
  }

  dataFileBytes(): number {
    return statSync(join(this.home, 'pool/data')).blocks * 512;
  }
}

async function layer(
  driver: StorageDriver,
  parent?: LayerKey,
  edit: (root: string) => void = () => {},
): Promise<LayerKey> {
  const key = newLayerKey();
  await driver.create(key, { isWritable: true, ...(parent === undefined ? {} : { parent }) });
  await change(driver, key, edit);
  return key;
}

async function change<T>(driver: StorageDriver, key: LayerKey, edit: (root: string) => T): Promise<T> {
  const root = await driver.mount(key, { isReadonly: false });
  try {
    return edit(root);
  } finally {
    await driver.unmount(key);
  }
}

async function poolBytes(driver: StorageDriver): Promise<number> {
  const shown = new Map(await driver.status()).get('Data Space Used') ?? '';
  const [, number, unit] = /^([\d.]+)(\w+)$/.exec(shown) ?? [];
  return Number(number) * ({ B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit ?? ''] ?? Number.NaN);
}

/** Writes until the pool is full. @returns the code of the error */
function fill(root: string, bytes: number): string | undefined {
  const fd = openSync(join(root, 'large'), 'w');
  try {
    for (let at = 0; at < bytes; at += MiB) writeSync(fd, Buffer.alloc(MiB, 1 + (at % 7)));
    fsyncSync(fd);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    closeSync(fd);
  }
}

const skip = await whyNoDevicemapper();
const isChosen = sampleOf(0.2);

describe('a thin pool of layers', { skip }, () => {
  const bench = (name: string, run: (given: Bench) => Promise<void>): void => {
    if (!isChosen(name)) return;
    test(name, async () => {
      await using scratch = await Scratch.make(DEVICEMAPPER_PLACE);
      await run(new Bench(scratch));
    });
  };

  bench(
    'a fresh layer takes no block, one changed byte takes one and those of the file system',
    async (given) => {
      await using driver = await given.open();
      const base = await layer(driver, undefined, (root) =>
        writeFileSync(join(root, 'large'), Buffer.alloc(16 * MiB, 1)),
      );
      const before = await poolBytes(driver);
      const child = newLayerKey();
      await driver.create(child, { parent: base, isWritable: true });
      assert.equal(await poolBytes(driver), before);
      await change(driver, child, () => {});
      const mounted = await poolBytes(driver);
      assert.ok(mounted - before <= 12 * BLOCK, `${mounted - before} bytes to be mounted`);
      const once = await driver.usage(child);
      await change(driver, child, (root) => {
        const fd = openSync(join(root, 'large'), 'r+');
        writeSync(fd, 'x', 8 * MiB);
        closeSync(fd);
      });
      const grown = (await driver.usage(child)) - once;
      assert.ok(grown >= BLOCK && grown <= 4 * BLOCK, `${grown} bytes for one`);
      await driver.remove(child);
      await driver.remove(base);
    },
  );

  bench(
    'a pool with too little room refuses layers, and takes them when there is room again',
    async (given) => {
      const small = { 'dm.loopdatasize': '24M', 'dm.min_free_space': '40%' };
      let driver = await given.open(small);
      const one = await layer(driver, undefined, (root) => fill(root, 14 * MiB));
      const refused = {
        code: 'DISK_FULL',
        class: 'resourceExhausted',
        message:
          /Thin Pool has \d+ free data blocks which is less than minimum required 153 free data blocks/,
        hint: /dm\.min_free_space/,
      };
      await assert.rejects(driver.create(newLayerKey(), { parent: one, isWritable: true }), refused);
      assert.deepEqual((await driver.list()).keys, new Set([one]));
      // Another process, and a larger file.
      await driver[Symbol.asyncDispose]();
      driver = await given.open({ ...small, 'dm.loopdatasize': '64M' });
      const two = await layer(driver, one);
      await driver[Symbol.asyncDispose]();
      driver = await given.open({ ...small, 'dm.loopdatasize': '' });
      await driver.remove(two);
      await driver.remove(one);
      await driver.remove(await layer(driver));
      await driver[Symbol.asyncDispose]();
    },
  );

  bench('who writes to a full pool is told so at once, and removing makes room', async (given) => {
    await using driver = await given.open({ 'dm.loopdatasize': '24M', 'dm.min_free_space': '0%' });
    const victim = newLayerKey();
    await driver.create(victim, { isWritable: true });
    const root = await driver.mount(victim, { isReadonly: false });
    const started = performance.now();
    assert.match(fill(root, 40 * MiB) ?? '', /ENOSPC|EIO/);
    assert.ok(performance.now() - started < 60_000, 'it waited');
    await assert.rejects(async () => await driver.sync?.([victim]), {
      code: 'DISK_FULL',
      message: /full/,
    });
    await assert.rejects(driver.create(newLayerKey(), { isWritable: true }), { code: 'DISK_FULL' });
    await driver.remove(victim);
    const next = await layer(driver, undefined, (path) => assert.equal(fill(path, 8 * MiB), undefined));
    await change(driver, next, (path) => assert.equal(statSync(join(path, 'large')).size, 8 * MiB));
    await driver.remove(next);
  });

  bench('a layer that does not fit into the pool is refused when it is closed', async (given) => {
    await using driver = await given.open({ 'dm.loopdatasize': '24M', 'dm.min_free_space': '0%' });
    const key = newLayerKey();
    await driver.create(key, { isWritable: false });
    const folder = await driver.open(key);
    for (let at = 0; at < 40; at++) writeFileSync(join(folder.path, `file-${at}`), Buffer.alloc(MiB, 1));
    await assert.rejects(async () => await folder[Symbol.asyncDispose](), { code: 'DISK_FULL' });
    await driver.remove(key);
    assert.deepEqual(await driver.list(), { keys: new Set(), garbage: [] });
  });

  bench('what is removed gives its blocks back to the disk', async (given) => {
    await using driver = await given.open();
    const base = await layer(driver);
    const before = given.dataFileBytes();
    const child = await layer(driver, base, (root) =>
      writeFileSync(join(root, 'large'), Buffer.alloc(16 * MiB, 1)),
    );
    assert.ok(given.dataFileBytes() >= before + 16 * MiB);
    await driver.remove(child);
    assert.ok(given.dataFileBytes() <= before + BLOCK, `${given.dataFileBytes()} of ${before}`);
    await driver.remove(base);
  });

  bench('closing takes the pool down; what is mounted keeps it, for the next process', async (given) => {
    let driver = await given.open();
    const key = newLayerKey();
    await driver.create(key, { isWritable: true });
    await driver[Symbol.asyncDispose]();
    assert.deepEqual([await given.devices(), given.loops()], [[], 0]);

    driver = await given.open();
    const root = await driver.mount(key, { isReadonly: false });
    await driver[Symbol.asyncDispose]();
    writeFileSync(join(root, 'file'), 'a container runs on');
    assert.deepEqual([...(await given.devices())].sort(), [key, 'pool'].sort());

    driver = await given.open();
    assert.deepEqual(await driver.mounted(), new Set([key]));
    assert.equal(await driver.mount(key, { isReadonly: false }), root);
    assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'a container runs on');
    await driver.unmount(key);
    await driver[Symbol.asyncDispose]();
    assert.deepEqual([await given.devices(), given.loops()], [[], 0]);
  });

  bench('a device that was stopped for a snapshot goes on after a kill', async (given) => {
    let driver = await given.open();
    const key = newLayerKey();
    await driver.create(key, { isWritable: true });
    const root = await driver.mount(key, { isReadonly: false });
    const { DeviceName: name = '' } = await driver.metadata(key);
    await suspendDevice(name);
    driver = await given.open();
    assert.equal((await findDevice(name))?.isSuspended, false);
    writeFileSync(join(root, 'file'), 'x');
    await driver.remove(key);
    await driver[Symbol.asyncDispose]();
  });

  bench('a layer that is open while a child is made on it has all that was written', async (given) => {
    await using driver = await given.open();
    const base = newLayerKey();
    await driver.create(base, { isWritable: true });
    const root = await driver.mount(base, { isReadonly: false });
    writeFileSync(join(root, 'file'), 'not synced');
    const child = await layer(driver, base);
    writeFileSync(join(root, 'later'), 'x');
    await driver.unmount(base);
    await change(driver, child, (path) => {
      assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'not synced');
      assert.deepEqual(readdirSync(path), ['file']);
    });
    await driver.remove(child);
    await driver.remove(base);
  });

  bench('another pool in the same folder is refused', async (given) => {
    await using other = await Scratch.make(DEVICEMAPPER_PLACE);
    const elsewhere = new Bench(other);
    for (const one of [given, elsewhere]) {
      const driver = await one.open();
      await driver.create(newLayerKey(), { isWritable: true });
      await driver[Symbol.asyncDispose]();
    }
    for (const name of ['data', 'metadata'])
      await rename(join(elsewhere.home, 'pool', name), join(given.home, 'pool', name));
    await assert.rejects(given.open(), {
      code: 'DRIVER_UNSUPPORTED',
      message: /Current Base Device UUID:.* does not match with stored UUID:.*different thin pool/,
      hint: /dm\.thinpooldev/,
    });
    // What was refused was not changed, and nothing is left of the try.
    await removeDevice(`${devicePrefix(given.home)}pool`);
    assert.deepEqual([await given.devices(), given.loops()], [[], 0]);
  });

  bench('a folder that is older than its pool is refused', async (given) => {
    const driver = await given.open();
    const key = await layer(driver);
    const note = join(given.home, 'pool/transaction.json');
    const old = await readFile(note);
    await driver.remove(key);
    await layer(driver);
    await driver[Symbol.asyncDispose]();
    await writeFile(note, old);
    await assert.rejects(given.open(), {
      code: 'DRIVER_UNSUPPORTED',
      message: /was changed 4 times, and .* knows of 2/,
      hint: /backup/,
    });
    await removeDevice(`${devicePrefix(given.home)}pool`);
  });

  bench(
    'what somebody has open still neither stops others nor fails them, and goes when it is closed',
    async (given) => {
      const faults: string[] = [];
      await using driver = await given.open({}, (_, what) => faults.push(what));
      const base = await layer(driver);
      const [stuck, broken] = [await layer(driver, base), await layer(driver, base)];
      const held: number[] = [];
      for (const key of [stuck, broken]) {
        await driver.mount(key, { isReadonly: false });
        const { DeviceName: name = '' } = await driver.metadata(key);
        held.push(openSync((await findDevice(name))?.path ?? '', 'r'));
        await driver.remove(key);
      }
      const waiting = async () => new Map(await driver.status()).get('Deferred Deleted Device Count');
      assert.equal(await waiting(), '2');
      assert.deepEqual((await driver.list()).garbage, []);
      await driver.remove(await layer(driver, base));
      for (const fd of held) closeSync(fd);
      // What nobody can read any more fails to go.
      const garbage = join(given.home, 'garbage');
      const left = readdirSync(garbage).find((name) => name.startsWith(broken)) ?? '';
      const record = join(garbage, left, 'device.json');
      const text = readFileSync(record);
      await rm(record);
      mkdirSync(record);
      await driver.remove(await layer(driver, base));
      assert.deepEqual(faults, [`what is left of the layer "${broken}"`]);
      assert.equal(await waiting(), '1');
      assert.deepEqual(readdirSync(garbage), [left]);
      await rm(record, { recursive: true });
      writeFileSync(record, text);
      await driver.sweepGarbage();
      assert.equal(await waiting(), '0');
      assert.deepEqual([readdirSync(garbage), faults.length], [[], 1]);
      await driver.remove(base);
    },
  );

  bench('what a probe that was killed has left goes with the next one, and no other', async (given) => {
    using stack = new DisposableStack();
    const dead = `probe-${processMark().replace(/\d+$/, '1')}-dead`;
    const living = `probe-${processMark()}-living`;
    const ground = { type: 'files', dataBytes: 16 * MiB, metadataBytes: 2 * MiB } as const;
    for (const folder of [dead, living]) {
      const scratch = join(given.home, folder);
      mkdirSync(scratch);
      await makeFiles(scratch, ground);
      using attached = await attachGround(scratch, ground);
      const { data: dataDevice, metadata: metadataDevice, dataBytes } = attached;
      const name = trialName(devicePrefix(given.home), scratch);
      const pool = await ThinPool.create(name, { dataBytes, dataDevice, metadataDevice, blockBytes: BLOCK });
      await pool.createThin(0);
      await createDevice(`${name}-thin`, thinTable(pool.device.numbers, { id: 0, bytes: 16 * MiB }));
    }
    stack.defer(() => {
      const name = trialName(devicePrefix(given.home), living);
      for (const one of [`${name}-thin`, name]) spawnSync('dmsetup', ['remove', '--noudevsync', one]);
    });
    assert.equal((await given.devices()).length, 4);
    assert.ok((await probeDevicemapper(given.home)).works);
    assert.deepEqual([...(await given.devices())].sort(), [living, `${living}-thin`]);
    assert.deepEqual(
      readdirSync(given.home).filter((name) => name.startsWith('probe-')),
      [living],
    );
    assert.equal(given.loops(), 2);
    // A pool that is made anew takes away what is left of an earlier one, and not this.
    const driver = await given.open();
    await driver.create(newLayerKey(), { isWritable: true });
    await driver[Symbol.asyncDispose]();
    assert.equal((await given.devices()).length, 2);
  });

  bench('a device whose record is lost is found, and goes with the garbage', async (given) => {
    await using driver = await given.open();
    const kept = await layer(driver);
    const lost = await layer(driver, kept, (root) =>
      writeFileSync(join(root, 'large'), Buffer.alloc(4 * MiB, 1)),
    );
    await rm(join(given.home, lost), { recursive: true });
    assert.equal((await driver.check(lost, [kept]))[0]?.problem, 'missing');
    assert.ok((await driver.sweepGarbage()) >= 4 * MiB);
    assert.equal(await driver.sweepGarbage(), 0);
    await writeFile(join(given.home, kept, 'device.json'), '{"id":');
    assert.equal((await driver.check(kept, []))[0]?.problem, 'incomplete');
    // It may be this one's: nothing is taken away on a guess.
    assert.equal(await driver.sweepGarbage(), 0);
    await driver.remove(kept);
  });

  bench('layers lie on XFS too, and grow with a limit of size', async (given) => {
    const options = { 'dm.fs': 'xfs', 'dm.basesize': '320M' };
    await using driver = await given.open(options);
    const base = await layer(driver, undefined, (root) => writeFileSync(join(root, 'file'), 'x'));
    const child = newLayerKey();
    await driver.create(child, { parent: base, isWritable: true, sizeLimitBytes: 640 * MiB });
    await change(driver, child, (root) => {
      assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'x');
      const { blocks, bsize } = statfsSync(root);
      assert.ok(blocks * bsize > 500 * MiB, `${blocks * bsize}`);
      const mount = readMounts().find(({ mountPoint }) => mountPoint === join(root, '..'));
      assert.equal(mount?.fsType, 'xfs');
      const name = mount?.source.slice('/dev/'.length);
      assert.equal(readFileSync(`/sys/fs/xfs/${name}/error/metadata/ENOSPC/max_retries`, 'utf8').trim(), '0');
    });
    assert.equal(new Map(await driver.status()).get('Backing Filesystem'), 'xfs');
    await driver.remove(child);
    await driver.remove(base);
  });

  bench(
    'options that are fixed with the first layer cannot be changed, and are not passed over',
    async (given) => {
      const driver = await given.open({ 'dm.mkfsarg': '-L layers', 'dm.blocksize': '128K' });
      const key = newLayerKey();
      await driver.create(key, { isWritable: true });
      const root = await driver.mount(key, { isReadonly: false });
      const device = readMounts().find(({ mountPoint }) => mountPoint === join(root, '..'))?.source ?? '';
      const label = readFileSync(device).subarray(1024 + 120, 1024 + 126);
      assert.equal(label.toString(), 'layers');
      assert.equal(new Map(await driver.status()).get('Pool Blocksize'), '131.1kB');
      await driver.remove(key);
      await driver[Symbol.asyncDispose]();
      for (const [name, value] of [
        ['dm.blocksize', '64K'],
        ['dm.fs', 'xfs'],
        ['dm.mkfsarg', '-L other'],
        ['dm.thinpooldev', 'pool'],
        ['dm.basesize', '128M'],
      ] as const) {
        const sizes = name === 'dm.thinpooldev' ? { 'dm.loopdatasize': '', 'dm.loopmetadatasize': '' } : {};
        const opening = given.open({ ...sizes, [name]: value });
        await assert.rejects(opening, { code: 'DRIVER_OPTION_INVALID', message: new RegExp(name) });
      }
      await (await given.open())[Symbol.asyncDispose]();
    },
  );

  bench('dm.basesize makes what is made from then on larger; dm.mountopt holds for all', async (given) => {
    let driver = await given.open();
    const small = await layer(driver);
    await driver[Symbol.asyncDispose]();
    driver = await given.open({ 'dm.basesize': '384M', 'dm.mountopt': 'noatime nodev' });
    const large = await layer(driver);
    const sizes: number[] = [];
    for (const key of [small, large]) {
      await change(driver, key, (root) => {
        sizes.push(Math.round((statfsSync(root).blocks * statfsSync(root).bsize) / MiB / 100));
        const { options = [] } = readMounts().find(({ mountPoint }) => mountPoint === join(root, '..')) ?? {};
        assert.ok(options.includes('noatime') && options.includes('nodev'), options.join());
      });
    }
    assert.deepEqual(sizes, [2, 3]);
    await driver[Symbol.asyncDispose]();
    await assert.rejects(given.open({ 'dm.basesize': '', 'dm.mountopt': 'no_such_option' }), {
      code: 'DRIVER_OPTION_INVALID',
      message: /dm\.mountopt.*no_such_option/,
    });
    await removeDevice(`${devicePrefix(given.home)}pool`);
  });

  bench('the pool can lie on devices that are given: blank ones, and no others', async (given) => {
    using stack = new DisposableStack();
    const [data, metadata, third] = ['d', 'm', 'x'].map((name) => {
      const path = join(given.scratch.path, name);
      writeFileSync(path, '');
      truncateSync(path, 64 * MiB);
      return stack.use(attachLoop(path)).path;
    }) as [string, string, string];
    const options = {
      ...{ 'dm.datadev': data, 'dm.metadatadev': metadata },
      ...{ 'dm.loopdatasize': '', 'dm.loopmetadatasize': '' },
    };
    writeFileSync(data, Buffer.alloc(4096, 7));
    let driver = await given.open(options);
    const refused = {
      code: 'DRIVER_OPTION_INVALID',
      message: /something is on "\/dev\/loop/,
      hint: /blkdiscard/,
    };
    await assert.rejects(driver.create(newLayerKey(), { isWritable: true }), refused);
    writeFileSync(data, Buffer.alloc(4096));
    const key = await layer(driver, undefined, (root) => writeFileSync(join(root, 'file'), 'x'));
    await driver[Symbol.asyncDispose]();
    assert.deepEqual(await given.devices(), []);
    driver = await given.open(options);
    await change(driver, key, (root) => assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'x'));
    assert.equal((await readSuperblock(data))?.fileSystem, undefined);
    // A stop, and the paths are those of other devices.
    await driver.mount(key, { isReadonly: false });
    const pool = join(given.home, 'pool/pool.json');
    const record = readFileSync(pool, 'utf8');
    writeFileSync(pool, record.replace(metadata, third));
    await assert.rejects(given.open({ 'dm.loopdatasize': '', 'dm.loopmetadatasize': '' }), {
      code: 'DRIVER_UNSUPPORTED',
      message: `Cannot use the thin pool: its metadata are on "${metadata}", and "${third}" is another device`,
    });
    writeFileSync(pool, record);
    driver = await given.open(options);
    await driver.remove(key);
    await driver[Symbol.asyncDispose]();
  });

  bench('a pool that is given must be empty, is used, and stays when the driver goes', async (given) => {
    using stack = new DisposableStack();
    const [dataDevice, metadataDevice] = ['d', 'm'].map((name) => {
      const path = join(given.scratch.path, name);
      writeFileSync(path, '');
      truncateSync(path, 64 * MiB);
      return stack.use(attachLoop(path)).path;
    }) as [string, string];
    const name = `berth-test-${process.pid}`;
    await createDevice(
      name,
      poolTable({ dataBytes: 64 * MiB, dataDevice, metadataDevice, blockBytes: BLOCK }),
    );
    try {
      const options = {
        'dm.thinpooldev': `/dev/mapper/${name}`,
        'dm.loopdatasize': '',
        'dm.loopmetadatasize': '',
      };
      spawnSync('dmsetup', ['mknodes', name]);
      const driver = await given.open(options);
      const key = await layer(driver);
      assert.equal(new Map(await driver.status()).get('Pool Name'), name);
      await driver[Symbol.asyncDispose]();
      assert.ok(await findDevice(name));
      await using other = await Scratch.make(DEVICEMAPPER_PLACE);
      const second = await new Bench(other).open(options);
      await assert.rejects(second.create(newLayerKey(), { isWritable: true }), {
        code: 'DRIVER_OPTION_INVALID',
        message: /Unable to take ownership of thin-pool .* that already has used data blocks/,
      });
      const elsewhere = `${name}-other`;
      await assert.rejects(given.open({ ...options, 'dm.thinpooldev': elsewhere }), {
        code: 'DRIVER_OPTION_INVALID',
        message: `Cannot use the storage option "dm.thinpooldev": the layers are on the pool "${name}", not on "${elsewhere}"`,
        hint: new RegExp(`give "${name}"`),
      });
      const again = await given.open(options);
      await again.remove(key);
      await again[Symbol.asyncDispose]();
    } finally {
      spawnSync('dmsetup', ['mknodes']);
      await removeDevice(name);
    }
  });
});
