import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLocation } from './location.ts';

test('parseLocation() reads registries, layouts and archives', () => {
  assert.deepEqual(parseLocation('debian:13'), {
    kind: 'registry',
    reference: { registry: 'docker.io', repository: 'library/debian', tag: '13' },
  });
  assert.deepEqual(parseLocation('docker://localhost:5000/team/app'), {
    kind: 'registry',
    reference: { registry: 'localhost:5000', repository: 'team/app' },
  });
  assert.deepEqual(parseLocation('oci:./image'), { kind: 'oci', path: './image' });
  assert.deepEqual(parseLocation('oci:/a/b:v1'), { kind: 'oci', path: '/a/b', reference: 'v1' });
  assert.deepEqual(parseLocation('oci-archive:a.tar:v1'), {
    kind: 'oci-archive',
    path: 'a.tar',
    reference: 'v1',
  });
  assert.deepEqual(parseLocation('docker-archive:a.tar:localhost:5000/app:v1'), {
    kind: 'docker-archive',
    path: 'a.tar',
    reference: 'localhost:5000/app:v1',
  });
});

test('parseLocation() takes a repository called oci for what it is', () => {
  assert.equal(parseLocation('docker://oci:v1').kind, 'registry');
  assert.equal(parseLocation('ocicl/tool:v1').kind, 'registry');
});

test('parseLocation() refuses what is no place, with the way out', () => {
  for (const text of ['oci:', 'docker-archive::v1', 'dir:/a', 'containers-storage://x', 'oci-layout:./a']) {
    assert.throws(() => parseLocation(text), { code: 'LOCATION_INVALID' }, text);
  }
  assert.throws(() => parseLocation('UPPER/Case'), { code: 'NAME_INVALID' });
});
