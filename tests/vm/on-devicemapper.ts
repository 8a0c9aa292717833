import assert from 'node:assert/strict';
import { type Ground, layersOf } from './ground.ts';
import type { GuestEngine } from './guest-engine.ts';
import { kernelState } from './kernel-state.ts';

/** Options of `openEngine`. Smaller than Docker's: the guest's disk has 8 GB, and mkfs writes to a device by its size. */
export const ON_DEVICEMAPPER = {
  storageDriver: 'devicemapper',
  storageOptions: { 'dm.basesize': '1G', 'dm.loopdatasize': '4G', 'dm.loopmetadatasize': '16M' },
} as const;

export async function driverOf(engine: GuestEngine): Promise<string> {
  return (await engine.must(['info', '--format', '{{.Driver}}'])).trim();
}

/** An image comes, a container changes it, and all of it goes, with the pool when its engine ends. */
export async function liveOnDevicemapper(engine: GuestEngine, { image, layers }: Ground): Promise<void> {
  assert.equal(await driverOf(engine), 'devicemapper');
  await engine.must(['pull', image]);
  assert.deepEqual(await layersOf(engine, image), layers);
  const script = 'rm /many/1; echo made > /made; ls /many | wc -l';
  assert.equal(await engine.must(['run', '--name', 'mapped', image, 'sh', '-c', script]), '299\n');
  const changes = (await engine.must(['diff', 'mapped'])).trim().split('\n').sort();
  assert.deepEqual(changes, ['A /made', 'C /many', 'D /many/1']);
  await engine.must(['rm', 'mapped']);
  await engine.must(['rmi', image]);
  await engine.stop();
  await assertGone(engine);
}

/** A pool without layers that are mounted goes with its engine. */
export async function assertGone(engine: GuestEngine): Promise<void> {
  const { mounts, loops, devices } = await kernelState(engine);
  assert.deepEqual({ mounts, loops, devices }, { mounts: [], loops: [], devices: [] });
}
