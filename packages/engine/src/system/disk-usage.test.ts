import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiVolume } from '../api/types.ts';
import type { SystemDeps } from './deps.ts';
import { diskUsage } from './disk-usage.ts';

const VOLUME: ApiVolume = {
  ...{ Name: 'data', Driver: 'local', Mountpoint: '/x', CreatedAt: '', Labels: null, Scope: 'local' },
  ...{ Options: null, UsageData: { Size: 5, RefCount: 1 } },
};

function fakes(volumes: readonly ApiVolume[]) {
  const asked: string[] = [];
  const listed = (name: string, found: readonly unknown[]) => ({
    list: async (...given: readonly unknown[]) => {
      asked.push(`${name} ${JSON.stringify(given)}`);
      return found;
    },
  });
  const deps = {
    containers: listed('containers', [{ ImageID: 'sha256:a' }]),
    images: listed('images', [{ Id: 'sha256:a' }, { Id: 'sha256:b' }]),
    volumes: listed('volumes', volumes),
    layers: { usage: async () => ({ layers: [{ sizeBytes: 3 }, { sizeBytes: 4 }] }) },
  };
  return { deps: deps as unknown as SystemDeps, asked };
}

test('diskUsage() tells of everything, and of volumes those that the engine itself holds', async () => {
  const shared = { ...VOLUME, Name: 'share', Options: { type: 'nfs', device: ':/x' } };
  const { deps, asked } = fakes([VOLUME, shared]);
  assert.deepEqual(await diskUsage(deps, {}), {
    LayersSize: 7,
    Images: [
      { Id: 'sha256:a', Containers: 1 },
      { Id: 'sha256:b', Containers: 0 },
    ],
    Containers: [{ ImageID: 'sha256:a' }],
    Volumes: [VOLUME],
    BuildCache: [],
  });
  assert.ok(asked.includes('volumes [{},{"usage":true}]'), asked.join('\n'));
});

test('diskUsage() walks only what it is asked for', async () => {
  const { deps, asked } = fakes([VOLUME]);
  assert.deepEqual(await diskUsage(deps, { types: ['build-cache'] }), { BuildCache: [] });
  assert.deepEqual(asked, ['containers [{"all":true,"size":false}]']);
  assert.deepEqual(Object.keys(await diskUsage(deps, { types: ['volume'] })), ['Volumes']);
});
