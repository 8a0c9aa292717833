import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';
import { DifferenceSum } from './pool-metadata.ts';
import { parseSize, showSize } from './sizes.ts';

const read = (options: Readonly<Record<string, string>>) => readOptions('devicemapper', options);

test('readOptions() reads what it knows', () => {
  assert.deepEqual(read({}), { minFreePercent: 10, mountOptions: [] });
  assert.deepEqual(
    read({
      'dm.basesize': '20G',
      'dm.fs': 'xfs',
      'dm.mkfsarg': '-i  size=512',
      'dm.mountopt': 'nodiscard,noatime nodev',
      'dm.blocksize': '512K',
      'dm.min_free_space': '5%',
      'dm.loopdatasize': '200G',
      'dm.loopmetadatasize': '4G',
    }),
    {
      baseSizeBytes: 20 * 1024 ** 3,
      fileSystem: 'xfs',
      mkfsArguments: ['-i', 'size=512'],
      mountOptions: ['nodiscard', 'noatime', 'nodev'],
      blockBytes: 512 * 1024,
      minFreePercent: 5,
      loopDataBytes: 200 * 1024 ** 3,
      loopMetadataBytes: 4 * 1024 ** 3,
    },
  );
  assert.deepEqual(read({ 'dm.thinpooldev': '/dev/mapper/vg-pool' }).thinPoolDevice, '/dev/mapper/vg-pool');
});

test('readOptions() refuses what it does not know, cannot read, or would pass over', () => {
  const both = { 'dm.datadev': '/dev/a', 'dm.metadatadev': '/dev/b' };
  for (const [options, message] of [
    [{ 'dm.use_deferred_removal': 'true' }, /unknown option "dm\.use_deferred_removal"/],
    [{ 'dm.basesize': 'large' }, /"dm\.basesize": expected a size, for instance 10G, got "large"/],
    [{ 'dm.basesize': '1M' }, /at least 16M/],
    [{ 'dm.fs': 'btrfs' }, /"ext4" or "xfs"/],
    [{ 'dm.blocksize': '100K' }, /multiple of 64K/],
    [{ 'dm.blocksize': '2G' }, /multiple of 64K, 1G at most/],
    [{ 'dm.min_free_space': '10' }, /0% to 99%/],
    [{ 'dm.min_free_space': '100%' }, /0% to 99%/],
    [{ 'dm.mountopt': 'ro' }, /writable/],
    [{ 'dm.datadev': 'sdb', 'dm.metadatadev': '/dev/b' }, /path of a block device/],
    [{ 'dm.datadev': '/dev/a' }, /"dm\.datadev": it needs "dm\.metadatadev"/],
    [{ 'dm.thinpooldev': 'pool', ...both }, /"dm\.datadev": it says nothing where "dm\.thinpooldev"/],
    [{ 'dm.thinpooldev': 'pool', 'dm.blocksize': '64K' }, /"dm\.blocksize"/],
    [{ 'dm.thinpooldev': 'pool', 'dm.loopdatasize': '1G' }, /"dm\.loopdatasize"/],
    [{ ...both, 'dm.loopmetadatasize': '1G' }, /"dm\.loopmetadatasize"/],
    [{ 'dm.thinpooldev': '' }, /name of a thin pool/],
  ] as const) {
    assert.throws(() => read(options), { code: 'DRIVER_OPTION_INVALID', message }, JSON.stringify(options));
  }
});

test('parseSize() and showSize() are what Docker does with sizes', () => {
  const sizes = ['1', '64k', '10G', '1.5GB', '2 TiB', '12b', 'x', '', '-1', '1Z', '1e3'].map(parseSize);
  const G = 1024 ** 3;
  const none = undefined;
  assert.deepEqual(sizes, [1, 65536, 10 * G, 1.5 * G, 2048 * G, 12, none, none, none, none, none]);
  assert.deepEqual([0, 999, 65536, 10 * G, 107.4e9].map(showSize), [
    '0B',
    '999B',
    '65.54kB',
    '10.74GB',
    '107.4GB',
  ]);
});

test('DifferenceSum adds up what one device has and the other has not, however the text is cut', () => {
  const text = [
    '<superblock uuid="" time="1" transaction="1" data_block_size="128" nr_data_blocks="0">',
    '  <diff left="1" right="2">',
    '    <different begin="0" length="1"/>',
    '    <same begin="1" length="66"/>',
    '    <left_only begin="70" length="5"/>',
    '    <right_only begin="100432" length="16"/>',
    '  </diff>',
    '</superblock>',
    '',
  ].join('\n');
  for (const step of [1, 7, text.length]) {
    const sum = new DifferenceSum();
    for (let at = 0; at < text.length; at += step) sum.push(text.slice(at, at + step));
    assert.equal(sum.blocks, 17);
  }
});
