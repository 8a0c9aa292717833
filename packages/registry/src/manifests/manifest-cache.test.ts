import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { ManifestCache } from './manifest-cache.ts';

describe('ManifestCache', () => {
  it('gives every byte back, as text or as bytes', () => {
    const cache = new ManifestCache(1024 * 1024);
    for (const size of [0, 1, 64 * 1024, 64 * 1024 + 1]) {
      const bytes = randomBytes(size);
      cache.set(String(size), bytes);
      const body = cache.get(String(size));
      assert.ok(body !== undefined);
      assert.deepEqual(typeof body === 'string' ? Buffer.from(body, 'latin1') : body, bytes);
    }
  });

  it('stays within its size and forgets the least lately used first', () => {
    const cache = new ManifestCache(4000);
    for (const name of ['a', 'b', 'c', 'd']) cache.set(name, new Uint8Array(1000));
    cache.get('a');
    cache.set('e', new Uint8Array(1000));
    assert.ok(cache.get('a') !== undefined);
    assert.equal(cache.get('b'), undefined);
    cache.set('large', new Uint8Array(1001));
    assert.equal(cache.get('large'), undefined);
  });
});
