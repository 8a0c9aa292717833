/**
 * What the lab measures, and the report that it gives. A report is plain JSON; those of several machines are joined by putting
 * their `machines` into one list. Only figures of one machine are ever compared.
 */

/** Layers below the container in which a large file lies. */
export const DEPTHS = ['bottom', 'middle', 'top'] as const;
export type Depth = (typeof DEPTHS)[number];

/** Depths of images from which a container is started. */
export const STACKS = [5, 50, 120] as const;

/** Sizes of what is measured. Written into the report, since no figure says anything without them. */
export interface LabScale {
  /** Of the file of which one byte is changed. */
  readonly largeFileBytes: number;
  /** Layers of the stack that it lies in. */
  readonly layers: number;
  /** Made and removed in one container. */
  readonly smallFiles: number;
  /** Containers that write, or read, at once. */
  readonly containers: number;
  /** Of the file of the image in which each writer changes blocks. */
  readonly writtenFileBytes: number;
  /** Blocks of 4 KiB that each writer changes. */
  readonly writtenBlocks: number;
  /** Of the image, opened by each reader. */
  readonly openedFiles: number;
  /** Containers of one image, for disk and memory. */
  readonly sharers: number;
}

export const FULL_SCALE: LabScale = {
  largeFileBytes: 1024 ** 3,
  layers: 50,
  smallFiles: 10_000,
  containers: 16,
  writtenFileBytes: 64 * 1024 ** 2,
  writtenBlocks: 256,
  openedFiles: 5000,
  sharers: 20,
};

/** For a look, and for tests: the same work on a fraction of the bytes. */
export const QUICK_SCALE: LabScale = {
  largeFileBytes: 16 * 1024 ** 2,
  layers: 10,
  smallFiles: 500,
  containers: 4,
  writtenFileBytes: 4 * 1024 ** 2,
  writtenBlocks: 32,
  openedFiles: 300,
  sharers: 5,
};

/** One figure; `undefined` where it could not be taken here. Milliseconds, or bytes of disk or memory. */
export type FigureName =
  | `copyUp.${Depth}.${'first' | 'second'}.ms`
  | `copyUp.${Depth}.${'first' | 'second'}.${'written' | 'taken'}Bytes`
  | `smallFiles.${'create' | 'remove'}.ms`
  | 'writers.ms'
  | 'writers.takenBytes'
  | `readers.${'cold' | 'warm'}.ms`
  | `start.${(typeof STACKS)[number]}.ms`
  | 'rename.ms'
  | 'sharers.created.takenBytes'
  | 'sharers.fresh.takenBytes'
  | 'sharers.memoryBytes'
  | 'unpack.ms'
  | 'unpack.takenBytes'
  | 'commit.ms';

export type Figures = Readonly<Partial<Record<FigureName, number>>>;

export interface DriverReport {
  readonly driver: string;
  /** Where or through what it ran, where that is not plain: `btrfs-in-a-file`, `pool-in-files`, `fuse-overlayfs`. */
  readonly note?: string;
  readonly figures: Figures;
  /** What could not be measured, and why. */
  readonly refused: Readonly<Record<string, string>>;
  /** The size used for it where it is not that of the machine's scale. */
  readonly largeFileBytes?: number;
  /** Of a pool: what is copied as one. */
  readonly poolBlockBytes?: number;
}

/** A driver that does not work there. */
export interface SkippedDriver {
  readonly driver: string;
  readonly cause: string;
  readonly fix: string;
}

export interface LabMachine {
  readonly name: string;
  readonly kernel: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Under the folder of the lab. */
  readonly fileSystem: string;
  readonly scale: LabScale;
  readonly takenAt: string;
  /**
   * Before the large files were changed another file was, unmeasured, so that all positions start alike. Reports of before it was done
   * have it not: the lowest layer's figures hold what comes only once.
   */
  readonly hasThrowAway?: boolean;
  readonly drivers: readonly DriverReport[];
  readonly skipped: readonly SkippedDriver[];
}

export interface LabReport {
  readonly version: 1;
  readonly machines: readonly LabMachine[];
}

export interface LabProgress {
  readonly driver: string;
  /** The experiment that begins, or `ready`. */
  readonly doing: string;
  readonly done: number;
  readonly total: number;
}
