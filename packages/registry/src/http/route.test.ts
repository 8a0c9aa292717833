import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRegistryPath } from './registry-path.ts';
import { parseRoute } from './route.ts';

describe('isRegistryPath()', () => {
  it('parts the registry from the Hub API beside it', () => {
    const registry = [
      '/v2/repositories/x/manifests/latest',
      '/v2/namespaces/x/blobs/uploads/',
      '/v2/',
      '/v2',
      '/v2/_catalog',
      '/v2/a/manifests/latest',
      '/v2/a/b/c/blobs/uploads/',
      '/v2/a/tags/list',
      '/v2/a/referrers/sha256:x',
      '/v2/users/x/manifests/latest',
    ];
    const hub = [
      '/v2/namespaces/alice/repositories/blobs/tags',
      '/v2/namespaces/manifests/repositories',
      '/v2/namespaces/manifests/repositories/a%2Fb/tags/list',
      '/v2/repositories/blobs/app/tags/v1',
      '/',
      '/v2/users/login',
      '/v2/namespaces/a/repositories/b/tags',
      '/v2/namespaces/a/repositories/b/tags/list',
      '/v2/repositories/a/b/tags/list',
      '/v2/access-tokens',
      '/v2x/a/manifests/b',
      '/auth/token',
    ];
    for (const path of registry) assert.ok(isRegistryPath(path), path);
    for (const path of hub) assert.ok(!isRegistryPath(path), path);
  });
});

describe('parseRoute()', () => {
  it('reads paths from their end', () => {
    assert.deepEqual(parseRoute('/v2/'), { kind: 'ping' });
    assert.deepEqual(parseRoute('/v2/a/b/manifests/1'), { kind: 'manifest', name: 'a/b', reference: '1' });
    assert.deepEqual(parseRoute('/v2/a/manifests/b/manifests/1'), {
      kind: 'manifest',
      name: 'a/manifests/b',
      reference: '1',
    });
    assert.deepEqual(parseRoute('/v2/a/blobs/sha256%3Aabc'), {
      kind: 'blob',
      name: 'a',
      digest: 'sha256:abc',
    });
    assert.deepEqual(parseRoute('/v2/a/blobs/uploads'), { kind: 'uploads', name: 'a' });
    assert.deepEqual(parseRoute('/v2/a/blobs/uploads/'), { kind: 'uploads', name: 'a' });
    assert.deepEqual(parseRoute('/v2/a/blobs/uploads/x'), { kind: 'upload', name: 'a', id: 'x' });
    for (const path of ['/v2/manifests/x', '/v2//manifests/x/y', '/v2/a/tags/other', '/v3/', '/v2/%']) {
      assert.equal(parseRoute(path), undefined, path);
    }
  });
});
