import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { DRIVERS, openLayerStore } from '@berth/storage';
import { type Experiment, LabBench } from './bench.ts';
import { DiskMeter } from './disk-meter.ts';
import { LabError } from './errors.ts';
import { commit } from './experiments/commit.ts';
import { copyUp } from './experiments/copy-up.ts';
import { readers } from './experiments/readers.ts';
import { rename } from './experiments/rename.ts';
import { sharers } from './experiments/sharers.ts';
import { smallFiles } from './experiments/small-files.ts';
import { start } from './experiments/start.ts';
import { unpack } from './experiments/unpack.ts';
import { writers } from './experiments/writers.ts';
import type {
  DriverReport,
  FigureName,
  LabMachine,
  LabProgress,
  LabReport,
  LabScale,
  SkippedDriver,
} from './interface.ts';
import { fileSystemOf, openPlace } from './place.ts';
import { factsOf } from './status-facts.ts';

const EXPERIMENTS: readonly Experiment[] = [
  ...[unpack, start, commit, rename, smallFiles, writers, readers, sharers, copyUp],
];

export interface RunLabOptions {
  /** An existing folder; all is made in a new folder below it, which is removed at the end. */
  readonly folder: string;
  readonly scale: LabScale;
  /** Name of this machine in the report. */
  readonly name: string;
  /** Default: all. */
  readonly drivers?: readonly string[];
  readonly driverOptions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly onProgress?: (progress: LabProgress) => void;
  /** The report as far as it has come, after each driver: what was measured for an hour outlives what comes after. */
  readonly onReport?: (report: LabReport) => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * Measures the storage drivers that work in a folder, one after the other, each on its own. Needs root, and a machine that does
 * nothing else meanwhile. The caches of the kernel are dropped now and then.
 *
 * @throws {LabError} `LAB_DRIVER_UNKNOWN`, `LAB_NO_ROOM`; {StorageError} `DISK_FULL`
 */
export async function runLab(options: RunLabOptions): Promise<LabReport> {
  const { scale, name, onReport, signal = new AbortController().signal } = options;
  const chosen = chooseDrivers(options.drivers);
  await needRoom(options.folder, scale);
  const folder = await mkdtemp(join(options.folder, 'berth-lab-'));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const drivers: DriverReport[] = [];
  const skipped: SkippedDriver[] = [];
  for (const driver of chosen) {
    signal.throwIfAborted();
    const outcome = await measureDriver(driver, { ...options, folder: join(folder, driver), signal });
    if ('cause' in outcome) skipped.push(outcome);
    else drivers.push(outcome);
    await rm(join(folder, driver), { recursive: true, force: true, maxRetries: 5 });
    await onReport?.(report());
  }
  return report();

  function report(): LabReport {
    const machine: LabMachine = {
      ...{ name, scale, drivers: [...drivers], skipped: [...skipped] },
      kernel: release(),
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      fileSystem: fileSystemOf(folder),
      takenAt: new Date().toISOString(),
      hasThrowAway: true,
    };
    return { version: 1, machines: [machine] };
  }
}

function chooseDrivers(wanted: readonly string[] | undefined): readonly string[] {
  const known = DRIVERS.map(({ name }) => name);
  const unknown = wanted?.find((name) => !known.includes(name));
  if (unknown === undefined) return wanted ?? known;
  throw new LabError('LAB_DRIVER_UNKNOWN', `Cannot measure "${unknown}": there is no such storage driver`, {
    hint: `There are ${known.join(', ')}`,
  });
}

/** Of the largest that is kept at once: three large files, what is copied up of them, and as much again for a copy of the writers' file each. */
async function needRoom(folder: string, scale: LabScale): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = 7 * scale.largeFileBytes + (scale.containers + 4) * scale.writtenFileBytes;
  if (bavail * bsize >= needed) return;
  throw new LabError(
    'LAB_NO_ROOM',
    `Cannot measure in "${folder}": it has ${Math.floor((bavail * bsize) / 1e9)} GB free, ${Math.ceil(needed / 1e9)} GB are needed`,
    { hint: 'Give another folder with --folder, or measure less with --quick' },
  );
}

async function measureDriver(
  driver: string,
  options: RunLabOptions & { readonly signal: AbortSignal },
): Promise<DriverReport | SkippedDriver> {
  const { folder, onProgress = () => undefined, signal } = options;
  const entry = DRIVERS.find(({ name }) => name === driver);
  if (entry === undefined) throw new Error(`There is no driver "${driver}"`);
  const say = (doing: string, done: number) => onProgress({ driver, doing, done, total: EXPERIMENTS.length });
  await using place = await openPlace(driver, folder);
  const probe = await probeIn(place.root, entry);
  if (!probe.works) return { driver, cause: probe.cause, fix: probe.fix };
  await using store = await openLayerStore({
    root: place.root,
    driver,
    ...(options.driverOptions?.[driver] === undefined
      ? {}
      : { driverOptions: options.driverOptions[driver] }),
  });
  const scale = scaleFor(driver, options.scale);
  const bench = new LabBench({ store, meter: new DiskMeter(folder, store), scale, signal });
  const figures: Partial<Record<FigureName, number>> = {};
  const refused: Record<string, string> = {};
  for (const [done, experiment] of EXPERIMENTS.entries()) {
    signal.throwIfAborted();
    say(experiment.name, done);
    const outcome = await experiment.run(bench);
    Object.assign(figures, outcome.figures);
    Object.assign(refused, outcome.refused);
  }
  say('ready', EXPERIMENTS.length);
  return {
    ...{ driver, figures, refused },
    ...factsOf(await store.status()),
    ...(place.note === undefined ? {} : { note: place.note }),
    ...(scale.largeFileBytes === options.scale.largeFileBytes
      ? {}
      : { largeFileBytes: scale.largeFileBytes }),
  };
}

async function probeIn(root: string, entry: (typeof DRIVERS)[number]) {
  const home = join(root, entry.name);
  await mkdir(home, { recursive: true, mode: 0o710 });
  return await entry.probe(home);
}

/** vfs has every file once for each layer that is above it: of 1 GiB that would be 76 GiB. */
function scaleFor(driver: string, scale: LabScale): LabScale {
  return driver === 'vfs' ? { ...scale, largeFileBytes: scale.largeFileBytes / 16 } : scale;
}
