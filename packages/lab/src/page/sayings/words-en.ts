import type { BookWords } from './words.ts';

export const BOOKS_ENGLISH: BookWords = {
  heading: 'What the books say',
  what: 'Each sentence is held against the figures of this machine. “Overlay” in them means overlay2 too; where it is said to win, overlay2 is the one that is judged.',
  saying: 'What the books say',
  verdict: 'Here',
  figures: 'The figures',
  held: 'held',
  partly: 'held in part',
  notHeld: 'did not hold',
  unknown: 'cannot be told',
  sayings: {
    aufsLowLayers: 'AUFS is slower on large files that lie in low layers.',
    overlayWholeFiles: 'Overlay copies a whole file when one byte of it is changed.',
    deviceMapperBlocks: 'Device mapper copies only the block that is changed.',
    blocksWinHeavyWrites:
      'Block-level drivers (devicemapper, btrfs) win where much is written to large files.',
    overlayWinsReaders: 'Overlay wins against block-level drivers where many containers do little I/O each.',
    freshTakesNothing: 'A fresh container takes no space until it writes (vfs apart).',
    vfsCopiesAll: 'vfs copies everything for every container.',
    overlaySharesMemory: 'Containers on overlay share what they have read in memory; on others they do not.',
    overlayRename: 'Overlay cannot rename a directory of the image.',
  },
  needs: (drivers) => `Figures of ${drivers} are needed for this.`,
  needsOneOf: (drivers) => `For this, figures are needed of one of these: ${drivers}.`,
  against: (one, value, other, otherValue) => `${one} ${value}, ${other} ${otherValue}`,
  each: (driver, value) => `${driver}: ${value}`,
  perContainer: (driver, value) => `${driver}: ${value} a container`,
  notMeasured: (drivers) => `Not measured here: ${drivers}`,
  leftOut: (driver, reason) => `Left out: ${driver} (${reason})`,
  throughFuse:
    'The kernel here has no aufs; fuse-overlayfs stood in for it, and says nothing about aufs. Seen through it:',
  notKernelAufs: 'fuse-overlayfs stood in for aufs',
  fromPool: ({ driver, taken, file, blocks, block }) =>
    `${driver} took ${taken} of its pool for one byte of a file of ${file}: as much as ${blocks} ${blocks === '1' ? 'block' : 'blocks'} of ${block}`,
  poolRecords:
    'That is more than the block with the byte: what the file system notes of the change (inode, journal) and the records of the pool are in it',
  toDisk: (written) => `To the disk went ${written}`,
  toDiskUnknown: 'What went to the disk was not counted',
  fewBlocks: (limit, parts) => `Less than ${limit} (1/${parts} of the file) counts as held`,
  written: ({ containers, each, file, total }) =>
    `${total} were written: ${each} by each of ${containers} containers, in a file of ${file}`,
  order: (entries) => `from the quickest: ${entries}`,
  notAhead: (pairs) => `Not clearly before: ${pairs}`,
  pair: (one, other) => `${one} before ${other}`,
  heldOnly: (cases) => `Held only for ${cases}`,
  heldCase: (condition, rivals) =>
    rivals === undefined ? `“${condition}”` : `“${condition}” against ${rivals}`,
  noneBelow: (limit) => `Less than ${limit} a container counts as none`,
  ownFileSystem: (driver) =>
    `${driver} gives each container a file system of its own: mounting that writes its journal and superblock; a snapshot that was never mounted has no blocks of its own`,
  beforeMount: (driver, value) => `${driver} before the first mount: ${value} a container`,
  oneCopy: (size, twice) => `One copy of the image is ${size}: less than ${twice} counts as shared`,
  cutOff: '“At least”: cut off by the memory of this machine',
};
