import { BOOKS_ENGLISH } from './sayings/words-en.ts';
import type { Words } from './words.ts';

export const ENGLISH: Words = {
  language: 'en',
  languageName: 'English',
  title: 'How the storage drivers differ',
  gap: ' ',
  list: (items) =>
    items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`,
  semicolon: '; ',
  intro: {
    what: 'A storage driver decides how the layers of images lie on disk and what happens when a container changes a file.',
    one: (link) => `Drivers did the same work on ${link}, one after another, each alone.`,
    several: (links) =>
      `This page has figures of ${ENGLISH.list(links)}. On each, drivers did the same work, one after another, each alone; they are compared within a machine, never across.`,
    smaller: (drivers) =>
      `Only ${drivers} had a smaller file where one byte of a large one is changed, as is said there.`,
    rules:
      'Shorter bars are better everywhere; “(3.1 ×)” behind a figure says how many times the least of its kind it is. Unless a section says otherwise each figure was taken once: a difference of less than a fifth of the smaller figure counts as none, on all of this page.',
  },
  across: {
    what: (machine, first, differences) =>
      `Do not hold figures of ${machine} against those of ${first}: ${ENGLISH.list(differences)}.`,
    emulated: 'its processor is emulated by software',
    cores: (count, first) => `it has ${ENGLISH.cores(count)} (there ${first})`,
    memory: (size, first) => `${size} of memory (there ${first})`,
    kernel: (release) => `another kernel (Linux ${release})`,
    nothing: 'another machine has another disk',
  },
  drivers: {
    heading: 'The drivers',
    what: 'These are drivers of Berth, under the names that Docker has for its own. “Docker gave it up in …” tells of the driver of that name in Docker, not of the one here.',
    of: ({ summary, support }) => ({ summary, ...support }),
    kernel: 'Mainline kernel',
    since: (release) => `since Linux ${release}`,
    never: 'never',
    anyKernel: 'any',
    needs: (what) => `Needs: ${what}`,
    deprecated: 'Deprecated',
    notDeprecated: 'no',
    prefer: 'What to prefer',
    measured: 'Measured on',
    notOn: (link, reason) => `not on ${link}: ${reason}`,
  },
  which: {
    heading: 'Which one for what',
    what: 'Worked out from the figures of this machine: all that are within a fifth of the best, and of the others all that are within a fifth of the worst.',
    work: 'Work',
    best: 'Best',
    worst: 'Worst',
    works: {
      changeByte: ({ largeFile, depth }) => `Change a byte in a file of ${largeFile} in the ${depth}`,
      writers: ({ writers, written, writtenFile }) =>
        `${writers} containers change ${written} in all, in a file of ${writtenFile} that their image has`,
      readersCold: ({ writers, openedFiles }) =>
        `${writers} containers read ${openedFiles} small files each, nothing in memory`,
      readersWarm: ({ writers, openedFiles }) =>
        `${writers} containers read ${openedFiles} small files each, read before`,
      start: ({ layers }) => `Start a container of an image of ${layers} layers`,
      freshDisk: ({ sharers }) => `Disk for ${sharers} fresh containers`,
      imageDisk: ({ image }) => `Disk for an image of ${image}`,
      memory: ({ sharers }) => `Memory for ${sharers} containers that have read all of their image`,
      createFiles: ({ smallFiles }) => `Make ${smallFiles} small files`,
      removeFiles: ({ smallFiles }) => `Remove ${smallFiles} small files`,
      unpack: ({ image }) => `Unpack an image of ${image}`,
      commit: () => 'Commit a container of ten changed files',
    },
    entry: (driver, value) => `${driver} ${value}`,
    worstEntry: (driver, value, times) =>
      `${driver} ${value}${times === undefined ? '' : `, ${times} the best`}`,
    level: 'no clear difference',
    alone: 'nothing to compare with',
    leftOut: (entries, reason) => `Not ranked: ${entries} (${reason})`,
    others: (drivers, value, times) => `${drivers}: at least ${value} each, at least ${times} the best`,
  },
  kernel: 'Kernel',
  processor: 'Processor',
  memory: 'Memory',
  fileSystem: 'File system below',
  takenAt: 'Measured',
  cores: (count) => `${count} ${count === 1 ? 'core' : 'cores'}`,
  processorAndCores: (processor, cores) => `${processor}, ${cores}`,
  contents: 'On this machine',
  driver: 'Driver',
  unmeasured(reason) {
    if (reason === undefined) return 'not measured';
    return /^E[A-Z0-9]+$/.test(reason) ? `refused (${reason})` : `not measured: ${reason}`;
  },
  note: {
    'btrfs-in-a-file': 'in a file',
    'pool-in-files': 'pool in files',
    'fuse-overlayfs': 'through fuse-overlayfs',
  },
  aside: (text, aside) => `${text} (${aside})`,
  times: (factor) => `${factor} ×`,
  atLeast: (value) => `at least ${value}`,
  machineName: {},
  skipped: 'Not measured on this machine:',
  colon: (term, text) => `${term}: ${text}`,
  reason: ({ cause, fix }) => ({ cause, whole: `${cause}. ${fix}.` }),
  notInRun: 'not among the drivers of that run',
  figuresOf: (machine) => `Figures of ${machine}`,
  apart: {
    copiedAhead: 'had copied all before',
    smallerFile: 'smaller file',
    cutOff: 'cut off by the memory there is',
  },
  depth: { bottom: 'lowest layer', middle: 'middle layer', top: 'top layer' },
  turn: { first: 'First write', second: 'Second write' },
  unit: { ms: 'time', takenBytes: 'space', writtenBytes: 'to disk' },
  copyUp: {
    heading: 'One byte changed in a large file',
    what: (file, layers) =>
      `A file of ${file} lies in the lowest, another in the middle and another in the top layer of an image of ${layers} layers. A container changes one byte of each and waits until that is on disk; then it changes another byte in the same file.`,
    taken: 'Space that the first write takes',
    written: 'Bytes that went to the disk for the first write',
    time: 'Time of the first write',
    both: (depth) => `Both writes, file in the ${depth}`,
    smaller: (driver, file) =>
      `${driver} was measured with files of ${file}: each layer above a file may hold a copy of it.`,
    copiedAhead: (driver) =>
      `${driver} had copied every file for the container before it wrote: what it saves here was paid at the start.`,
    firstIsOdd: (depth, instead) =>
      `The ${depth} was measured first, with nothing before it, so that its figures hold what comes only once. No conclusion is drawn from them; the ${instead} stands for low ones.`,
  },
  smallFiles: {
    heading: 'Many small files',
    what: (count) => `A container makes ${count} small files, a hundred in each folder, and removes them.`,
    create: 'made',
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
    wholeBlocks: (driver, block) =>
      `${driver} copies blocks of its pool, ${block} each: a changed block of 4 KiB takes a whole one of them.`,
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
    outcome: 'Outcome',
    works: (time) => `works, ${time}`,
  },
  sharers: {
    heading: 'Many containers of one image',
    what: (containers, image) =>
      `${containers} containers of an image of ${image}: what they take of the disk before they have written anything, and of memory when each has read all of it.`,
    disk: 'Disk',
    created: 'Disk before they are mounted',
    memory: 'Memory for contents of files',
    memoryWhy:
      'The kernel keeps what was read once for each file on disk. Where all containers read the same file of the image it is kept once; where each has a file of its own, once for each of them.',
    cutOff: (containers, copies, memory) =>
      `${containers} copies of the image are ${copies}, and this machine has ${memory} of memory for everything. “At least” stands where the kernel let go of what was read first: those drivers would take more, and are not ranked against each other.`,
  },
  unpack: {
    heading: 'Images in, images out',
    what: (image) =>
      `An image of ${image} is unpacked until it is durable; ten changed files of a container are made a layer (the middle one of five).`,
    unpackTime: 'unpack',
    commitTime: 'commit',
    taken: 'Space that the image takes',
    time: 'Time',
  },
  books: BOOKS_ENGLISH,
  all: {
    heading: 'All figures',
    figure: 'Figure',
    place: (depth, turn) => `${depth}, ${turn.toLowerCase()}`,
    part: (place, unit) => `${place}: ${unit}`,
  },
  terms: {
    heading: 'Words',
    entries: [
      [
        'Block',
        'The smallest piece that is written or copied as one: 4 KiB in the file systems here, and so much is changed at each place by containers that write. The pool of devicemapper has larger ones: 64 KiB unless it was made otherwise.',
      ],
      ['Durable', 'On the disk and not only in memory: it is still there when the power fails.'],
      [
        'First and second write',
        'Two changes of one file, far from each other. A driver that copies whole files does so at the first, and the second goes to the copy. Where blocks are shared (devicemapper, btrfs) there is no such copy: the second takes another block, as the first did.',
      ],
      [
        'To disk',
        'Everything that went to the disk meanwhile, as the kernel counts it: contents, and what file systems note about them (journals, indexes).',
      ],
      [
        'fuse-overlayfs',
        'A program that lays folders over each other as aufs does. Where the kernel has no aufs the driver aufs mounts by it: the layers lie on disk in the same way, but every open and read goes through the program, so its times are not those of aufs.',
      ],
      [
        'btrfs in a file',
        'The disk of the machine has another file system, so the driver got a btrfs that lies in one large file on it. What btrfs writes is written by that file system once more.',
      ],
      [
        'Pool in files',
        'devicemapper keeps the blocks of all layers in a pool. It got no disk of its own for that here, so the pool lies in two files: what goes to it goes through the file system below as well.',
      ],
      ['Guest', 'A machine that a program (here qemu) plays on another one.'],
      [
        'Emulated',
        'Played with its processor, instruction by instruction: many times slower than a real one.',
      ],
    ],
  },
  download: 'The same as JSON',
};
