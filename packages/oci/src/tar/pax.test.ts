import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPaxRecord, formatPaxTime, parsePaxTime, readPaxRecords, xattrKey, xattrName } from './pax.ts';
import { TarPlace } from './place.ts';

const runs = { numRuns: process.env.BERTH_SOAK === '1' ? 20_000 : 300 };
const place = new TarPlace();

test('formatPaxRecord() and readPaxRecords() are each other reversed', () => {
  const value = fc.oneof(
    fc.uint8Array(),
    fc.integer({ min: 80, max: 120 }).map((length) => new Uint8Array(length)),
  );
  const key = fc.string({ minLength: 1 }).filter((text) => !/[=\0]/.test(text));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), (records) => {
      const body = Buffer.concat(records.map(([name, bytes]) => formatPaxRecord(Buffer.from(name), bytes)));
      const read = readPaxRecords(body, place).map(([name, bytes]) => [name, new Uint8Array(bytes)]);
      assert.deepEqual(read, records);
    }),
    runs,
  );
});

test('formatPaxRecord() counts its own digits', () => {
  for (const length of [0, 1, 3, 4, 5, 91, 92, 93, 94, 990, 991, 992, 993, 9988, 9989, 9990]) {
    const record = formatPaxRecord(Buffer.from('k'), Buffer.alloc(length));
    assert.equal(Number.parseInt(record.toString('latin1'), 10), record.length);
  }
});

test('readPaxRecords() refuses records that break the form', () => {
  const bad = [
    '5',
    '5 a=',
    '6 a=1\n\n',
    '99 a=b\n',
    '0 a=b\n',
    '-6 a=b\n',
    'x a=b\n',
    '4 a\n',
    '5 =b\n',
    '6 a=bc',
    '7 a=b\nc',
    '7 a\0=b\n',
  ];
  for (const body of [...bad, `${'9'.repeat(30)} a=b\n`, '6 ab\n\n']) {
    assert.throws(
      () => readPaxRecords(Buffer.from(body), place),
      { code: 'TAR_INVALID' },
      JSON.stringify(body),
    );
  }
});

test('parsePaxTime() reads what formatPaxTime() writes', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }), (time) => {
      assert.equal(parsePaxTime(formatPaxTime(time)), time);
    }),
    runs,
  );
});

test('parsePaxTime() rounds towards the past and refuses other texts', () => {
  assert.equal(parsePaxTime('1.0000000019'), 1_000_000_001n);
  assert.equal(parsePaxTime('-1.0000000019'), -1_000_000_002n);
  assert.equal(parsePaxTime('-1.5'), -1_500_000_000n);
  assert.equal(parsePaxTime('7.'), 7_000_000_000n);
  for (const text of ['', '.', '.5', '1e3', '+1', '--1', '1.5.5', ' 1', '0x1', '1'.repeat(17)]) {
    assert.equal(parsePaxTime(text), undefined, text);
  }
});

test('formatPaxTime() is the shortest form', () => {
  assert.equal(formatPaxTime(0n), '0');
  assert.equal(formatPaxTime(-1n), '-0.000000001');
  assert.equal(formatPaxTime(1_500_000_000n), '1.5');
});

test('xattrKey() and xattrName() keep "=" and "%"', () => {
  for (const name of ['user.a', 'user.a=b', 'user.100%', 'user.%3D', 'user.%253D=']) {
    assert.equal(xattrName(xattrKey(name)), name);
    assert.ok(!xattrKey(name).includes('='));
  }
});
