import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiHostConfig } from '../../api/types.ts';
import { mountRequests, volumeDestinations } from './mount-requests.ts';

const one = (host: ApiHostConfig) => mountRequests(host)[0];

describe('mountRequests()', () => {
  test('-v with a path is a bind, whose source is made', () => {
    assert.deepEqual(one({ Binds: ['/a/../b/:/c//d:ro,rslave'] }), {
      type: 'bind',
      source: '/b',
      destination: '/c/d',
      mode: 'ro,rslave',
      isReadonly: true,
      propagation: 'rslave',
      isRecursive: true,
      makesSource: true,
    });
  });

  test('-v with a name is a volume', () => {
    assert.deepEqual(one({ Binds: ['data:/c:nocopy'] }), {
      type: 'volume',
      name: 'data',
      destination: '/c',
      mode: 'nocopy',
      isReadonly: false,
      noCopy: true,
    });
  });

  test('--mount type=bind does not make its source', () => {
    const mount = one({ Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }] });
    assert.deepEqual(
      [mount?.type === 'bind' && mount.makesSource, mount?.type === 'bind' && mount.isReadonly],
      [false, true],
    );
  });

  test('--mount type=tmpfs and --tmpfs keep Docker’s careful options', () => {
    const [mounted, short] = mountRequests({
      Mounts: [{ Type: 'tmpfs', Target: '/a', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1770 } }],
      Tmpfs: { '/b': 'exec,size=64m' },
    });
    assert.deepEqual(mounted?.type === 'tmpfs' && mounted.options, [
      'noexec',
      'nosuid',
      'nodev',
      'rprivate',
      'size=4096',
      'mode=1770',
    ]);
    assert.deepEqual(short?.type === 'tmpfs' && short.options, [
      'nosuid',
      'nodev',
      'rprivate',
      'exec',
      'size=64m',
    ]);
  });

  const refusals: [name: string, host: ApiHostConfig, message: string | RegExp][] = [
    ['one part', { Binds: ['/a'] }, "invalid volume specification: '/a'"],
    ['four parts', { Binds: ['/a:/b:ro:rw'] }, "invalid volume specification: '/a:/b:ro:rw'"],
    ['the root', { Binds: ['/a:/'] }, /destination can't be '\/'/],
    ['the root in disguise', { Binds: ['/a:/x/..'] }, /destination can't be '\/'/],
    ['a relative destination', { Binds: ['/a:b'] }, /mount path must be absolute/],
    ['an unknown mode', { Binds: ['/a:/b:rx'] }, 'invalid mode: rx'],
    ['two accesses', { Binds: ['/a:/b:ro,rw'] }, 'invalid mode: ro,rw'],
    ['propagation of a volume', { Binds: ['a1:/b:rshared'] }, 'invalid mode: rshared'],
    ['a relative source', { Binds: ['./a:/b'] }, /includes invalid characters for a local volume name/],
    ['a name with a way out', { Binds: ['..:/b'] }, /includes invalid characters/],
    ['one place twice', { Binds: ['/a:/b', '/c:/b/'] }, 'Duplicate mount point: /b'],
    [
      'one place twice, by two options',
      { Binds: ['/a:/b'], Tmpfs: { '/b': '' } },
      'Duplicate mount point: /b',
    ],
    ['no source', { Mounts: [{ Type: 'bind', Target: '/b' }] }, /field Source must not be empty/],
    ['no target', { Mounts: [{ Type: 'bind', Source: '/a', Target: '' }] }, /field Target must not be empty/],
    ['an unknown type', { Mounts: [{ Type: 'x' as 'bind', Target: '/b' }] }, 'mount type unknown: "x"'],
    [
      'options of another type',
      { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', VolumeOptions: { NoCopy: true } }] },
      /field VolumeOptions must not be specified/,
    ],
    ['an unknown tmpfs option', { Tmpfs: { '/a': 'fly' } }, 'invalid tmpfs option ["fly"]'],
  ];
  for (const [name, host, message] of refusals) {
    test(`refuses ${name}`, () =>
      assert.throws(() => mountRequests(host), { code: 'CONFIG_REFUSED', message }));
  }

  test('says 501 to what it does not have', () => {
    for (const mount of [
      { Type: 'volume', Source: 'v1', Target: '/b', VolumeOptions: { Subpath: 'x' } },
      { Type: 'volume', Source: 'v1', Target: '/b', VolumeOptions: { DriverConfig: { Name: 'nfs' } } },
      { Type: 'npipe', Target: '/b' },
    ]) {
      assert.throws(() => mountRequests({ Mounts: [mount as never] }), { code: 'NOT_IMPLEMENTED' });
    }
  });
});

test('volumeDestinations() cleans the paths of VOLUME and lets none lead out', () => {
  assert.deepEqual(volumeDestinations({ Volumes: { '/a/../../b/': {}, '/c': {} } }), ['/b', '/c']);
  assert.throws(() => volumeDestinations({ Volumes: { '../x': {} } }), { code: 'CONFIG_REFUSED' });
  assert.throws(() => volumeDestinations({ Volumes: { '/': {} } }), { code: 'CONFIG_REFUSED' });
});
