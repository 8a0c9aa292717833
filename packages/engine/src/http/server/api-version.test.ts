import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitVersion } from './api-version.ts';

describe('splitVersion()', () => {
  it('takes the prefix off, and counts the newest where there is none', () => {
    assert.deepEqual(splitVersion('/v1.43/containers/json'), {
      version: 43,
      refusal: undefined,
      path: '/containers/json',
    });
    assert.equal(splitVersion('/containers/json').version, 50);
    assert.equal(splitVersion('/v1.40/_ping').version, 40);
    assert.equal(splitVersion('/v1.50/_ping').refusal, undefined);
  });

  it('leaves alone what only looks like a version', () => {
    for (const path of ['/version', '/v1.43', '/volumes/v1.43/x', '/vx/y', '/v1./x']) {
      assert.equal(splitVersion(path).path, path);
      assert.equal(splitVersion(path).refusal, undefined);
    }
  });

  it("refuses what is too old and too new in Docker's words", () => {
    assert.equal(
      splitVersion('/v1.23/info').refusal?.message,
      'client version 1.23 is too old. Minimum supported API version is 1.40, please upgrade your client to a newer version',
    );
    assert.equal(
      splitVersion('/v1.9/info').refusal?.message,
      'client version 1.9 is too old. Minimum supported API version is 1.40, please upgrade your client to a newer version',
    );
    for (const text of ['1.51', '1.100', '2.0', '99']) {
      assert.equal(
        splitVersion(`/v${text}/info`).refusal?.message,
        `client version ${text} is too new. Maximum supported API version is 1.50`,
      );
    }
    assert.equal(splitVersion('/v0.99/info').refusal?.class, 'invalidArgument');
  });
});
