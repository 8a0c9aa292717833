import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseList } from './dmsetup.ts';
import { parsePoolStatus, parsePoolTable, poolTable, thinTable } from './pool-lines.ts';

test('parsePoolStatus() reads what the kernel says', () => {
  const line =
    '0 209715200 thin-pool 7 4240/524288 107/1638400 189 rw discard_passdown error_if_no_space - 1024 ';
  assert.deepEqual(parsePoolStatus(line), {
    transactionId: 7,
    metadata: { used: 4240, total: 524288 },
    data: { used: 107, total: 1638400 },
    isMetadataHeld: true,
    mode: 'rw',
    errorsWhenFull: true,
    needsCheck: false,
  });
});

test('parsePoolStatus() tells the states of a pool in need', () => {
  const of = (mode: string) =>
    parsePoolStatus(`0 65536 thin-pool 1 12/1024 512/512 - ${mode} - 1024`) as Exclude<
      ReturnType<typeof parsePoolStatus>,
      'failed'
    >;
  assert.equal(of('out_of_data_space no_discard_passdown queue_if_no_space').mode, 'out_of_data_space');
  assert.equal(of('out_of_data_space no_discard_passdown queue_if_no_space').errorsWhenFull, false);
  assert.equal(of('ro discard_passdown error_if_no_space needs_check').needsCheck, true);
  assert.equal(of('rw discard_passdown error_if_no_space').isMetadataHeld, false);
  assert.equal(parsePoolStatus('0 65536 thin-pool Fail'), 'failed');
  assert.equal(parsePoolStatus('0 65536 thin-pool Error'), 'failed');
});

test('parsePoolStatus() refuses what is no status of a pool', () => {
  for (const line of [
    '',
    '0 10 linear',
    '0 10 thin 128 20',
    '0 10 thin-pool 1 x/y 1/2 - rw',
    '0 10 thin-pool 1 1/2 1/2 - up',
  ]) {
    assert.throws(() => parsePoolStatus(line), { code: 'DISK_FAILED' }, line);
  }
});

test('parsePoolTable() reads what poolTable() and lvm write', () => {
  const table = poolTable({
    dataBytes: 100 * 65536 + 1000,
    metadataDevice: '/dev/loop1',
    dataDevice: '/dev/loop0',
    blockBytes: 65536,
  });
  assert.equal(table, '0 12800 thin-pool /dev/loop1 /dev/loop0 128 0 1 error_if_no_space');
  assert.deepEqual(parsePoolTable('0 12800 thin-pool 7:1 7:0 128 0 1 error_if_no_space'), {
    sectors: 12800,
    metadataDevice: '7:1',
    dataDevice: '7:0',
    blockBytes: 65536,
    keepsOldBytes: false,
  });
  assert.equal(
    parsePoolTable('0 12800 thin-pool 253:0 253:1 1024 0 1 skip_block_zeroing')?.keepsOldBytes,
    true,
  );
  assert.equal(parsePoolTable('0 12800 linear 8:1 0'), undefined);
  assert.equal(thinTable('253:0', { id: 5, bytes: 1 << 20 }), '0 2048 thin 253:0 5');
});

test('parseList() reads what dmsetup ls writes, now and long ago', () => {
  const text = 'berth-8:1-5-pool\t(253:0)\nvg-root (254, 12)\n';
  assert.deepEqual(parseList(text), [
    { name: 'berth-8:1-5-pool', numbers: '253:0', path: '/dev/dm-0' },
    { name: 'vg-root', numbers: '254:12', path: '/dev/dm-12' },
  ]);
  assert.deepEqual(parseList('No devices found\n'), []);
});
