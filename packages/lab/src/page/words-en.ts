import type { Words } from './words.ts';

export const ENGLISH: Words = {
  language: 'en',
  languageName: 'English',
  title: 'How the storage drivers differ',
  intro:
    'A storage driver decides how the layers of images lie on disk and what happens when a container changes a file. Each driver below did the same work on the same machine, alone. Shorter bars are better everywhere. Unless a section says otherwise each figure was taken once: differences of a few per cent mean nothing.',
  machine: 'Machine',
  kernel: 'Kernel',
  processor: 'Processor',
  memory: 'Memory',
  fileSystem: 'File system below',
  takenAt: 'Measured',
  cores: (count) => `${count} cores`,
  contents: 'On this page',
  driver: 'Driver',
  missing: 'not measured',
  note: {
    'btrfs-in-a-file': 'on btrfs in a file',
    'fuse-overlayfs': 'through fuse-overlayfs',
  },
  driverAside: (driver, aside) => `${driver} (${aside})`,
  machineName: {},
  skipped: 'Does not work here',
  figuresOf: (machine) => `Figures of ${machine}`,
  onlySameKernel:
    'This is another kernel than above, so its figures have charts of their own: compare drivers within a machine, not across.',
  depth: { bottom: 'lowest layer', middle: 'middle layer', top: 'top layer' },
  first: 'first write',
  second: 'second write',
  space: 'space',
  copyUp: {
    heading: 'One byte changed in a large file',
    what: (file, layers) =>
      `A file of ${file} lies in the lowest, the middle or the top one of ${layers} layers. A container changes one byte in it and waits until that is on disk; then it changes another byte in the same file.`,
    taken: 'Space that the first write takes',
    written: 'Bytes that really went to the disk for it',
    time: 'Time of the first write',
    smaller: (driver, file) =>
      `${driver} was measured with a file of ${file}: it keeps one copy for each layer above the file, and made one for the container before that wrote.`,
  },
  smallFiles: {
    heading: 'Many small files',
    what: (count) => `A container makes ${count} small files, a hundred in each folder, and removes them.`,
    create: 'created',
    remove: 'removed',
  },
  writers: {
    heading: 'Many containers that write',
    what: (containers, blocks, file) =>
      `${containers} containers at once, each changing ${blocks} blocks of 4 KiB, far from each other, in the same file of ${file} that their image has.`,
    time: 'Time until all are on disk',
    taken: 'Space that it takes',
    copied: (driver) =>
      `${driver} had copied the whole image for each container before (see “Many containers of one image”): what it saves here was paid there.`,
  },
  readers: {
    heading: 'Many containers that only read',
    what: (containers, files) =>
      `${containers} containers of one image at once, each opening and reading ${files} small files and writing nothing: once with nothing in memory, once more right after.`,
    cold: 'nothing in memory',
    warm: 'read before',
    time: 'Time until all are done',
  },
  start: {
    heading: 'Start of a container',
    what: 'From nothing to a mounted root filesystem, on images of the same files and of more and more layers. The middle one of seven starts each.',
    time: 'Time',
    layers: (count) => `${count} layers`,
  },
  rename: {
    heading: 'A directory of the image gets another name',
    what: 'Package managers and some compilers do this. A driver that cannot answers EXDEV, and the program has to copy.',
    works: (time) => `works, ${time}`,
    refused: (code) => `refused with ${code}`,
  },
  sharers: {
    heading: 'Many containers of one image',
    what: (containers, image) =>
      `${containers} containers of an image of ${image}: what they take of the disk before they have written anything, and of memory when each has read all of it.`,
    disk: 'Disk',
    memory: 'Memory for contents of files',
    memoryWhy:
      'The kernel keeps what was read once for each file on disk. Where all containers read the same file of the image it is kept once; where each has a file of its own, once for each of them.',
  },
  unpack: {
    heading: 'Images in, images out',
    what: (image) =>
      `An image of ${image} is unpacked until it is durable; ten changed files of a container are made a layer (the middle one of five).`,
    unpackTime: 'unpack',
    commitTime: 'commit',
    time: 'Time',
  },
  books: {
    heading: 'What the books say',
    what: 'Each sentence is held against the figures above. A difference of less than a fifth counts as none.',
    saying: 'What the books say',
    verdict: 'Here',
    figures: 'The figures',
    held: 'held',
    notHeld: 'did not hold',
    unknown: 'cannot be told',
    sayings: {
      aufsLowLayers: 'AUFS is slower on large files that lie in low layers.',
      overlayWholeFiles: 'Overlay copies a whole file when one byte of it is changed.',
      deviceMapperBlocks: 'Device mapper copies only the block that is changed.',
      blocksWinHeavyWrites: 'Block-level drivers win where much is written to large files.',
      overlayWinsReaders: 'Overlay wins where many containers do little I/O each.',
      freshTakesNothing: 'A fresh container takes no space until it writes (vfs apart).',
      vfsCopiesAll: 'vfs copies everything for every container.',
      overlaySharesMemory:
        'Containers on overlay share what they have read in memory; on others they do not.',
      overlayRename: 'Overlay cannot rename a directory of the image.',
    },
    needs: (drivers) => `The figures of ${drivers} are needed for this.`,
    against: (one, value, other, otherValue) => `${one} ${value}, ${other} ${otherValue}`,
    each: (driver, value) => `${driver}: ${value}`,
    perContainer: (driver, value) => `${driver}: ${value} a container`,
  },
  raw: 'All figures',
  download: 'The same as JSON',
};
