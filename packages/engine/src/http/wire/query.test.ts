import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Query } from './query.ts';

describe('Query', () => {
  it("reads flags as Go's httputils.BoolValue does", () => {
    for (const text of ['', '0', 'no', 'false', 'none', 'FALSE', ' no ']) {
      assert.equal(new Query(`f=${encodeURIComponent(text)}`).flag('f'), false, text);
    }
    for (const text of ['1', 'true', 'yes', 'x', 'True'])
      assert.equal(new Query(`f=${text}`).flag('f'), true, text);
    assert.equal(new Query('').flag('f', true), true);
    assert.equal(new Query('f=').flag('f', true), false);
  });

  it('reads times with a fraction, beginnings down and ends up', () => {
    assert.equal(new Query('since=1700000000').time('since')?.getTime(), 1700000000000);
    assert.equal(new Query('since=1700000000.001999999').time('since')?.getTime(), 1700000000001);
    assert.equal(new Query('until=1700000000.001000001').time('until')?.getTime(), 1700000000002);
    assert.equal(new Query('until=1700000000.001000000').time('until')?.getTime(), 1700000000001);
    assert.equal(
      new Query('since=2026-01-02T03:04:05Z').time('since')?.getTime(),
      Date.UTC(2026, 0, 2, 3, 4, 5),
    );
    assert.equal(new Query('since=0').time('since'), undefined);
    assert.throws(() => new Query('since=tomorrow').time('since'), {
      code: 'REQUEST_INVALID',
      message: /"since"/,
    });
  });

  it('refuses what is no whole number by its name', () => {
    assert.equal(new Query('t=-1').integer('t'), -1);
    assert.equal(new Query('t=').integer('t'), undefined);
    for (const text of ['1.5', 'x', '1e3', '99999999999999999999']) {
      assert.throws(() => new Query(`t=${text}`).integer('t'), { message: /"t"/ }, text);
    }
  });
});
