import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFilters } from './filters.ts';

describe('parseFilters()', () => {
  it('reads both forms of the wire', () => {
    assert.deepEqual(parseFilters('{"label":["a=b","c"],"status":["running"]}'), {
      label: ['a=b', 'c'],
      status: ['running'],
    });
    assert.deepEqual(parseFilters('{"label":{"a=b":true,"c":true,"d":false}}'), { label: ['a=b', 'c'] });
    assert.deepEqual(parseFilters(undefined), {});
  });

  it('refuses what is neither', () => {
    for (const text of ['x', '[]', '{"a":1}', '{"a":[1]}', '{"a":{"b":"true"}}', 'null', '"a"']) {
      assert.throws(() => parseFilters(text), { code: 'FILTER_INVALID' }, text);
    }
  });
});
