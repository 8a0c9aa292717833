import { rmSync, writeFileSync } from 'node:fs';
import { digestBytes } from '@berth/oci';
import type { LayerInput, LayerStore } from '../layers/interface.ts';
import { bytesOf, type TreeSpec, tarOf } from './layer-tars.ts';

export const LIFE_IMAGE: readonly TreeSpec[] = [
  {
    'usr/': {},
    'usr/lib/': {},
    lib: { type: 'symlink', linkPath: 'usr/lib' },
    'etc/': {},
    'etc/conf': 'a=1',
  },
  // An implied parent behind a symlink and a link to a file below: this one has to be settled.
  { 'lib/module': 'm', 'etc/hard': { type: 'hardlink', linkPath: 'etc/conf' } },
  { 'srv/': {}, 'srv/data': 'd'.repeat(10_000), 'etc/.wh.conf': '' },
];

/** Pull, create, mount, write, commit, remove the container, remove both images: nothing is left at its end. */
export async function liveThrough(store: LayerStore): Promise<void> {
  const layers = await Promise.all(LIFE_IMAGE.map(async (spec) => inputOf(await tarOf(spec))));
  const [, , top] = await store.apply({ layers, owner: 'image:pulled' });
  if (top === undefined) throw new Error('No layers');
  // What a run before this one has left of its container goes first, as `docker rm` would.
  await store.removeContainerLayer('life');
  await store.createContainerLayer('life', { parent: top.chainID });
  const root = await store.mount('life');
  writeFileSync(`${root}/srv/new`, 'new');
  rmSync(`${root}/srv/data`);
  await store.commit('life', { owner: 'image:committed' });
  await store.unmount('life');
  await store.removeContainerLayer('life');
  await store.removeOwner('image:committed');
  await store.removeOwner('image:pulled');
}

function inputOf(tar: Buffer): LayerInput {
  return { diffID: digestBytes(tar) as NonNullable<LayerInput['diffID']>, open: () => bytesOf(tar) };
}
