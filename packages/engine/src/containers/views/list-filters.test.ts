import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiFilters } from '../../api/types.ts';
import type { StoredImage } from '../../parts.ts';
import { Container } from '../container.ts';
import { ContainerStore } from '../container-store.ts';
import { type ContainerSettings, type ContainerState, FIRST_STATE, type MountPlan } from '../model.ts';
import { containerFilter } from './list-filters.ts';

const store = new ContainerStore();
const mounts: readonly MountPlan[] = [
  {
    type: 'volume',
    name: 'data',
    source: '/v/data',
    destination: '/srv',
    mode: '',
    isReadonly: false,
    isAnonymous: false,
  },
];

function add(
  id: string,
  name: string,
  more: { at: number; state?: Partial<ContainerState>; settings?: object },
): void {
  const settings = {
    imageId: 'sha256:img1',
    config: { Image: 'img:1', Labels: { app: name, tier: 'x' }, ExposedPorts: { '80/tcp': {} } },
    hostConfig: { NetworkMode: 'bridge' },
    mounts: [],
    ...more.settings,
  } as unknown as ContainerSettings;
  const state = { ...FIRST_STATE, ...more.state };
  store.add(new Container({ id: id.padEnd(64, '0'), name, createdAt: new Date(more.at), settings, state }));
}

const started = { startedAt: '2026-01-01T00:00:00Z' };
add('a1', 'web', { at: 1, state: { status: 'running', ...started }, settings: { mounts } });
add('b2', 'web-old', { at: 2, state: { status: 'exited', exitCode: 3, ...started } });
add('c3', 'db', { at: 3, state: { status: 'created' }, settings: { imageId: 'sha256:img2' } });

const images = {
  find: async (name: string) => (name === 'img2' ? ({ id: 'sha256:img2' } as StoredImage) : undefined),
};

async function matching(filters: ApiFilters): Promise<readonly string[]> {
  const { matches } = await containerFilter(filters, { store, images });
  return store
    .all()
    .filter(matches)
    .map(({ name }) => name);
}

describe('containerFilter()', () => {
  for (const [filters, expected] of [
    [{}, ['web', 'web-old', 'db']],
    [{ status: ['running', 'created'] }, ['web', 'db']],
    [{ name: ['web'] }, ['web', 'web-old']],
    [{ name: ['^/web$'] }, ['web']],
    [{ name: ['^web$', 'd.'] }, ['web', 'db']],
    [{ id: ['b2'] }, ['web-old']],
    [{ label: ['app=web', 'tier'] }, ['web']],
    [{ label: ['nope'] }, []],
    [{ exited: ['3'] }, ['web-old']],
    [{ exited: ['0'] }, []],
    [{ ancestor: ['img2'] }, ['db']],
    [{ ancestor: ['unknown'] }, []],
    [{ before: ['db'] }, ['web', 'web-old']],
    [{ since: ['web'] }, ['web-old', 'db']],
    [{ volume: ['data'] }, ['web']],
    [{ volume: ['/srv'] }, ['web']],
    [{ network: ['bridge'] }, ['web', 'web-old', 'db']],
    [{ network: ['none'] }, []],
    [{ expose: ['80'] }, ['web', 'web-old', 'db']],
    [{ expose: ['80/udp'] }, []],
    [{ publish: ['80'] }, []],
    [{ health: ['none'] }, ['web', 'web-old', 'db']],
    [{ health: ['healthy'] }, []],
  ] as const) {
    test(JSON.stringify(filters), async () => assert.deepEqual(await matching(filters), expected));
  }

  for (const [filters, message] of [
    [{ foo: ['x'] }, "invalid filter 'foo'"],
    [{ status: ['foo'] }, "invalid filter 'status=foo'"],
    [{ exited: ['x'] }, "invalid filter 'exited=x'"],
    [{ publish: ['x'] }, "invalid filter 'publish=x'"],
  ] as const) {
    test(`refuses ${JSON.stringify(filters)}`, async () => {
      await assert.rejects(containerFilter(filters as ApiFilters, { store, images }), {
        code: 'FILTER_INVALID',
        message,
      });
    });
  }

  test('asking for a state or an exit code asks for those that do not run, too', async () => {
    const deps = { store, images };
    assert.equal((await containerFilter({ status: ['exited'] }, deps)).includesStopped, true);
    assert.equal((await containerFilter({ name: ['x'] }, deps)).includesStopped, false);
  });
});
