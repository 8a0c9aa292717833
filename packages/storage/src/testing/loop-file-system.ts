import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import {
  attachLoop,
  knownFileSystems,
  mountFileSystem,
  readMounts,
  syncFileSystem,
  unmount,
} from '@berth/linux';
import { whyNotHere } from './scratch.ts';
import type { SuitePlace } from './suite-place.ts';

export type LoopType = 'btrfs' | 'xfs' | 'ext4';

export interface LoopOptions {
  readonly type: LoopType;
  /** The program that makes it, with what comes before its own arguments; default: `mkfs.<type>` of this machine. */
  readonly mkfs?: readonly string[];
  readonly mkfsArguments?: readonly string[];
  /** Default 4 GiB; takes as much as is written. */
  readonly sizeBytes?: number;
  /** The folder that its file is made in; default: that for temporary files. */
  readonly folder?: string;
  /** Where it is mounted; default: a folder of its own. */
  readonly target?: string;
}

/** A file system in a sparse file, mounted by a loop device; all of it goes when it is disposed, or when the process ends. */
export class LoopFileSystem implements Disposable {
  readonly path: string;
  readonly #folder: string;
  readonly #onExit = (): void => this[Symbol.dispose]();

  constructor(options: LoopOptions) {
    const { type, mkfs = [`mkfs.${type}`], mkfsArguments = [], sizeBytes = 4 * 1024 ** 3 } = options;
    this.#folder = mkdtempSync(join(options.folder ?? tmpdir(), `berth-${type}-`));
    this.path = options.target ?? join(this.#folder, 'mounted');
    process.on('exit', this.#onExit);
    try {
      const image = join(this.#folder, 'image');
      writeFileSync(image, '');
      truncateSync(image, sizeBytes);
      const [program = '', ...before] = mkfs;
      const made = spawnSync(program, [...before, '-q', ...mkfsArguments, image], {
        encoding: 'utf8',
        env: withSbin(),
      });
      if (made.status !== 0) throw new Error(`Cannot make ${type}: ${made.error?.message ?? made.stderr}`);
      mkdirSync(this.path, { recursive: true });
      // The mount keeps the device; it goes with it.
      using loop = attachLoop(image);
      mountFileSystem(this.path, { type, source: loop.path });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#onExit);
    const below = readMounts().filter(({ mountPoint }) => `${mountPoint}/`.startsWith(`${this.path}/`));
    for (const { mountPoint } of below.toReversed()) unmount(mountPoint, { detach: true });
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Why no such file system can be made here; `false` when one can. */
export function whyNoLoop(type: LoopType, options: Pick<LoopOptions, 'mkfs'> = {}): string | false {
  const reason = whyNotHere();
  if (reason !== false) return reason;
  if (!existsSync('/dev/loop-control')) return 'needs loop devices (modprobe loop)';
  if (!knownFileSystems().has(type)) return `needs a kernel with ${type} (modprobe ${type})`;
  const [program = `mkfs.${type}`] = options.mkfs ?? [];
  if (isProgram(program)) return false;
  return `needs the program mkfs.${type}; tests/storage runs it with the one of Debian`;
}

/**
 * A file system of its own for a test file, made now and gone when its tests are over.
 *
 *     const { skip, place } = useFileSystem('btrfs');
 *     driverSuite({ entry, skip, place });
 */
export function useFileSystem(
  type: LoopType,
  options: Omit<LoopOptions, 'type' | 'target'> = {},
): { readonly skip: string; readonly place?: never } | { readonly skip: false; readonly place: SuitePlace } {
  const skip = whyNoLoop(type, options);
  if (skip !== false) return { skip };
  const opened = new DisposableStack();
  after(() => opened.dispose());
  const { path } = opened.use(new LoopFileSystem({ type, ...options }));
  return {
    skip,
    place: {
      path,
      async mountSmall(target, { bytes }) {
        opened.use(new LoopFileSystem({ ...options, type, target, ...SMALLEST[type] }));
        await leave(join(target, FILLERS[0]), bytes);
      },
      async fill(target) {
        await fillUp(join(target, FILLERS[1]));
      },
      async makeRoom(target) {
        for (const name of FILLERS) rmSync(join(target, name), { force: true });
        syncFileSystem(target);
      },
    },
  };
}

const FILLERS = ['filler', 'more-filler'] as const;
const CHUNK = 1 << 20;
const BLOCK = 4096;
const PATIENCE = 100;

/** The smallest that its mkfs makes. */
const SMALLEST: Readonly<Record<LoopType, Pick<LoopOptions, 'sizeBytes' | 'mkfsArguments'>>> = {
  btrfs: { sizeBytes: 32 << 20, mkfsArguments: ['--mixed'] },
  xfs: { sizeBytes: 320 << 20 },
  ext4: { sizeBytes: 16 << 20 },
};

/** Leaves so many bytes free, or fewer. */
async function leave(file: string, bytes: number): Promise<void> {
  const { bavail, bsize } = statfsSync(dirname(file));
  const wanted = bavail * bsize - bytes;
  const written = append(file, wanted);
  if (written >= wanted) return;
  // It has less room than it says, and none to cut the file.
  rmSync(file);
  for (let again = 0, left = written - bytes; left > 0 && again < PATIENCE; again++) {
    await settle(file);
    left -= append(file, left);
  }
}

/** Until nothing fits: some of the room comes back by and by, when what was kept for files that grow is let go (XFS). */
async function fillUp(file: string): Promise<void> {
  for (let isFull = 0, again = 0; isFull < 2 && again < PATIENCE; again++) {
    isFull = append(file, Number.POSITIVE_INFINITY) === 0 ? isFull + 1 : 0;
    await settle(file);
  }
}

async function settle(file: string): Promise<void> {
  syncFileSystem(dirname(file));
  await wait(20);
}

/** @returns how many bytes; fewer where it is full, to a block */
function append(file: string, bytes: number): number {
  let written = 0;
  for (let size = CHUNK; size >= BLOCK && written < bytes; ) {
    const chunk = Math.min(size, bytes - written);
    try {
      writeFileSync(file, Buffer.alloc(chunk, 'filler'), { flag: 'a', flush: true });
      written += chunk;
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ENOSPC') throw error;
      size /= 2;
    }
  }
  return written;
}

function isProgram(name: string): boolean {
  const places = name.includes('/')
    ? ['']
    : withSbin()
        .PATH.split(':')
        .map((folder) => `${folder}/`);
  return places.some((place) => {
    try {
      accessSync(place + name, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function withSbin(): NodeJS.ProcessEnv & { readonly PATH: string } {
  return { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
}
