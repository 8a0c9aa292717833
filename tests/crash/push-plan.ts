import type { Digest } from '@berth/oci';
import { type RandomImage, randomImage } from '@berth/oci/testing';

/** What one push brings in, and what it stands on. */
export interface PushPlan {
  /** Goes by every shape of upload into a repository that is not there yet; shares its first layer with `base`. */
  readonly fresh: RandomImage;
  readonly freshRepository: string;
  /** Pushed before: what is mounted comes from here. */
  readonly baseRepository: string;
  /** Takes the tag `v` from `old`. */
  readonly moved: RandomImage;
  readonly old: RandomImage;
  readonly movedRepository: string;
  /** Blobs of `moved` on their way at once. */
  readonly jobs: number;
  readonly journalFolder: string;
}

export interface PlanOptions {
  readonly seed: string;
  readonly old: RandomImage;
  readonly journalFolder: string;
  readonly freshRepository?: string;
  readonly jobs?: number;
  /** Of each layer, about. */
  readonly layerSizeBytes: number;
}

export const BASE_REPOSITORY = 'admin/base';
export const MOVED_REPOSITORY = 'admin/app';

export async function makePlan(options: PlanOptions): Promise<PushPlan> {
  const { seed, old, journalFolder, freshRepository = 'admin/fresh', jobs = 1, layerSizeBytes } = options;
  const size = { filesPerLayer: 1, sizeBytes: layerSizeBytes };
  const own = await randomImage({ seed: `fresh/${seed}`, baseSeed: 'base', layers: 4, ...size });
  return {
    fresh: own,
    freshRepository,
    baseRepository: BASE_REPOSITORY,
    moved: await randomImage({ seed: `moved/${seed}`, layers: 2, ...size }),
    old,
    movedRepository: MOVED_REPOSITORY,
    jobs,
    journalFolder,
  };
}

/** The first layer of every plan's `fresh` with this size. */
export function makeBase(layerSizeBytes: number): Promise<RandomImage> {
  return randomImage({ seed: 'base', layers: 1, filesPerLayer: 1, sizeBytes: layerSizeBytes });
}

export function blobsOf(images: readonly RandomImage[]): ReadonlySet<Digest> {
  return new Set(images.flatMap((image) => [...image.blobs.keys()]));
}
