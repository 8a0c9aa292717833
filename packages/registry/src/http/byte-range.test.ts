import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseContentRange, parseRange } from './byte-range.ts';

describe('parseRange()', () => {
  it('gives bytes of the body or says that there are none', () => {
    const number = fc.oneof(
      fc.nat({ max: 20 }).map(String),
      fc.constant(''),
      fc.bigInt({ min: 0n }).map(String),
    );
    fc.assert(
      fc.property(number, number, fc.nat({ max: 15 }), (from, to, size) => {
        const range = parseRange(`bytes=${from}-${to}`, size);
        if (range === undefined) assert.ok(from === '' && to === '');
        else if (range !== 'unsatisfiable') {
          assert.ok(range.first >= 0 && range.first <= range.last && range.last < size);
          if (from !== '') assert.equal(range.first, Number(from));
          else assert.equal(range.last, size - 1);
        }
      }),
    );
  });

  it('sends the whole body for what it need not understand', () => {
    for (const header of [
      undefined,
      '',
      'items=0-1',
      'bytes=',
      'bytes=a-b',
      'bytes=0-1,3-4',
      'bytes=1',
      'bytes 0-1',
    ]) {
      assert.equal(parseRange(header, 10), undefined, header);
    }
  });
});

describe('parseContentRange()', () => {
  it('takes the form of the specification and that of HTTP', () => {
    for (const header of ['0-499', 'bytes 0-499/*', 'bytes=0-499', 'bytes 0-499/500']) {
      assert.deepEqual(parseContentRange(header), { first: 0, last: 499 });
    }
    for (const header of ['', '5-4', '-5', '0-', 'x', '0-99999999999999999999', '0-1/x']) {
      assert.equal(parseContentRange(header), undefined, header);
    }
  });
});
