/** Kinds of work, each with a figure that tells who is best at it and a name in every language. */
export const WORK_NAMES = [
  'changeByte',
  'writers',
  'readersCold',
  'readersWarm',
  'start',
  'freshDisk',
  'imageDisk',
  'memory',
  'createFiles',
  'removeFiles',
  'unpack',
  'commit',
] as const;

export type WorkName = (typeof WORK_NAMES)[number];
