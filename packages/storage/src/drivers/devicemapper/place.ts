import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { deviceMajorMinor } from '@berth/linux';
import type { DriverHome } from '../home.ts';
import type { LayerKey } from '../interface.ts';
import { isLayerKey } from '../keys.ts';
import type { PoolOptions } from './options.ts';

/** Where one driver is at work: its folder, and the names that its devices have in the kernel. */
export interface Place {
  readonly home: DriverHome;
  readonly options: PoolOptions;
  /** All names of devices begin with it. */
  readonly prefix: string;
  readonly onStep: (step: string) => void;
}

/** `berth-8:1-1234-`, by device and inode of the folder: so several engines share a kernel. */
export function devicePrefix(home: string): string {
  const { dev, ino } = lstatSync(home, { bigint: true });
  return `berth-${numbersOf(dev)}-${ino}-`;
}

/** `8:1` */
export function numbersOf(device: number | bigint): string {
  const { major, minor } = deviceMajorMinor(BigInt(device));
  return `${major}:${minor}`;
}

export function poolName(prefix: string): string {
  return `${prefix}pool`;
}

export function baseName(prefix: string): string {
  return `${prefix}base`;
}

/** With the id, which is no other device's as long as this one is in use: a key may be made anew. */
export function layerName(prefix: string, key: LayerKey, id: number): string {
  return `${prefix}${key}.${id}`;
}

export function keyOfName(prefix: string, name: string): LayerKey | undefined {
  const key = name.slice(prefix.length).replace(/\.\d+$/, '');
  return name.startsWith(prefix) && isLayerKey(key) ? key : undefined;
}

/** Of a pool that is made in the folder of a trial to see whether one can be: `berth-8:1-1234-probe-…`, by the folder's name. */
export function trialName(prefix: string, scratch: string): string {
  return `${prefix}${basename(scratch)}`;
}

/** @returns name of the folder of the trial; `undefined` for other devices */
export function trialOfName(prefix: string, name: string): string | undefined {
  const trial = name.slice(prefix.length).replace(/-thin$/, '');
  return name.startsWith(prefix) && trial.startsWith('probe-') ? trial : undefined;
}
