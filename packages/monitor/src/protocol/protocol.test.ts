import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, frame } from './frames.ts';
import { checkHello } from './hello.ts';
import { LineReader } from './line-reader.ts';

/** The bytes in pieces, cut at these distances. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  for (const cut of cuts) {
    found.push(bytes.subarray(at, at + cut));
    at += cut;
  }
  return [...found, bytes.subarray(at)];
}

test('lines come out as they went in, however they arrive', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(9)), (values, cuts) => {
      // JSON knows no -0.
      const sent = values.map((value) => JSON.parse(JSON.stringify(value)));
      const bytes = Buffer.from(sent.map((value) => `${JSON.stringify(value)}\n`).join(''));
      const reader = new LineReader();
      const got: unknown[] = [];
      for (const piece of pieces(bytes, cuts)) reader.push(piece, (value) => got.push(value) > 0);
      assert.deepEqual(got, sent);
    }),
  );
});

test('what follows the last line is given back', () => {
  const reader = new LineReader();
  assert.equal(
    reader.push(Buffer.from('{"a":'), () => true),
    undefined,
  );
  assert.equal(reader.push(Buffer.from('1}\nrest\n'), () => false)?.toString(), 'rest\n');
});

test('a line without an end, and one that is no JSON, are refused', () => {
  const reader = new LineReader();
  const chunk = Buffer.alloc(1 << 20, 'x');
  assert.throws(
    () => {
      for (let index = 0; index < 10; index++) reader.push(chunk, () => true);
    },
    { code: 'PROTOCOL_BROKEN' },
  );
  assert.throws(() => new LineReader().push(Buffer.from('GET / HTTP/1.1\n'), () => true), {
    code: 'PROTOCOL_BROKEN',
  });
});

test('frames come out as they went in, however they arrive', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(4), fc.uint8Array({ maxLength: 40 }))),
      fc.array(fc.nat(9)),
      (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(([stream, payload]) => frame(stream, payload)));
        const reader = new FrameReader();
        const got: [number, Uint8Array][] = [];
        for (const piece of pieces(bytes, cuts))
          reader.push(piece, (stream, payload) => got.push([stream, new Uint8Array(payload)]));
        assert.deepEqual(got, sent);
      },
    ),
  );
});

test('a frame of a size that nobody sends is refused', () => {
  assert.throws(() => new FrameReader().push(Buffer.from([1, 0, 0, 0, 0xff, 0, 0, 0]), () => {}), {
    code: 'PROTOCOL_BROKEN',
  });
});

test('another version is refused with both in the sentence', () => {
  assert.deepEqual(checkHello({ 'berth-monitor': 1, pid: 7 }, 'monitor'), { 'berth-monitor': 1, pid: 7 });
  assert.throws(() => checkHello({ 'berth-monitor': 2 }, 'monitor'), {
    code: 'MONITOR_VERSION',
    message:
      'Cannot talk to the monitor: it speaks version 2 of their protocol, this engine speaks version 1',
  });
  for (const line of [null, 1, {}, { 'berth-monitor': '1' }])
    assert.throws(() => checkHello(line, 'engine'), { code: 'PROTOCOL_BROKEN' });
});
