import type { Bench } from '../bench.ts';
import { benchLayerTimes } from './layer-times.ts';
import { benchUnpack } from './unpack.ts';

/** How much is measured of the layer store on overlay2. */
export interface StorageSize {
  readonly rounds: number;
  /** `fixture`: five layers, 500 MB; `small`: one of 10 MB. */
  readonly image: 'fixture' | 'small';
  /** Of the image from which a container of ten changed files is committed. */
  readonly files: number;
  /** Single calls, of which the median counts. */
  readonly calls: number;
}

export const FULL_SIZE: StorageSize = { rounds: 5, image: 'fixture', files: 20_000, calls: 15 };

/** The layer store beside GNU tar, by name. */
export const STORAGE_BENCHES: Readonly<Record<string, Bench<StorageSize>>> = {
  unpack: benchUnpack,
  layers: benchLayerTimes,
};
