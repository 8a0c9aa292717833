import type { Bench } from '../bench.ts';
import { benchContainerLife } from './container-life.ts';
import type { EngineSize } from './contender.ts';
import { benchFootprint } from './footprint.ts';
import { benchImageTransfer } from './image-transfer.ts';

/** The engine beside Debian's dockerd, by name. */
export const ENGINE_BENCHES: Readonly<Record<string, Bench<EngineSize>>> = {
  images: benchImageTransfer,
  containers: benchContainerLife,
  footprint: benchFootprint,
};
