import type { DriverReport, FigureName, LabMachine } from '../interface.ts';
import { bytesText, msText } from './format.ts';
import type { SayingName } from './saying-names.ts';
import type { Words } from './words.ts';

export interface SayingResult {
  readonly saying: SayingName;
  readonly verdict: 'held' | 'notHeld' | 'unknown';
  /** Sentences from the figures. */
  readonly figures: readonly string[];
}

interface Case {
  readonly machine: LabMachine;
  readonly words: Words;
}

/** A difference of less than a fifth is none. */
const CLEAR = 1.2;
/** Of a container that has written nothing: folders and files of a mount. */
const NOTHING_BYTES = 256 * 1024;
const OVERLAYS = ['overlay2', 'overlay'] as const;

type Judge = (given: Case) => Omit<SayingResult, 'saying'>;

/** What books and talks say of storage drivers, held against the figures of one machine. Nothing is taken from belief. */
export function judgeSayings(given: Case): readonly SayingResult[] {
  return Object.entries(JUDGES).map(([saying, judge]) => ({
    saying: saying as SayingName,
    ...judge(given),
  }));
}

const JUDGES: Readonly<Record<SayingName, Judge>> = {
  aufsLowLayers(given) {
    const [low, high] = [
      figureOf(given, 'aufs', 'copyUp.bottom.first.ms'),
      figureOf(given, 'aufs', 'copyUp.top.first.ms'),
    ];
    if (low === undefined || high === undefined) return unknown(given, 'aufs');
    const { words } = given;
    // AUFS itself is in no mainline kernel: what is measured through something else says so.
    const through = given.machine.drivers.find(({ driver }) => driver === 'aufs')?.note;
    return {
      verdict: low > high * CLEAR ? 'held' : 'notHeld',
      figures: [
        words.books.against(words.depth.bottom, msText(low), words.depth.top, msText(high)),
        ...(through === undefined ? [] : [words.note[through] ?? through]),
      ],
    };
  },

  overlayWholeFiles: (given) =>
    judgeEach(given, {
      drivers: OVERLAYS,
      figure: 'copyUp.bottom.first.takenBytes',
      holds: (bytes, { largeFileBytes }) => bytes > 0.9 * largeFileBytes,
    }),

  deviceMapperBlocks: (given) =>
    judgeEach(given, {
      drivers: ['devicemapper'],
      figure: 'copyUp.bottom.first.takenBytes',
      holds: (bytes) => bytes < 4 * 1024 ** 2,
    }),

  blocksWinHeavyWrites: (given) => judgePair(given, 'devicemapper', 'overlay2', 'writers.ms'),

  overlayWinsReaders: (given) => judgePair(given, 'overlay2', 'devicemapper', 'readers.cold.ms'),

  freshTakesNothing(given) {
    const { sharers } = given.machine.scale;
    const others = given.machine.drivers.map(({ driver }) => driver).filter((driver) => driver !== 'vfs');
    return judgeEach(given, {
      drivers: others,
      figure: 'sharers.fresh.takenBytes',
      holds: (bytes) => bytes / sharers < NOTHING_BYTES,
      say: (driver, bytes) => given.words.books.perContainer(driver, bytesText(bytes / sharers)),
    });
  },

  vfsCopiesAll(given) {
    const { sharers, writtenFileBytes } = given.machine.scale;
    return judgeEach(given, {
      drivers: ['vfs'],
      figure: 'sharers.fresh.takenBytes',
      holds: (bytes) => bytes / sharers > writtenFileBytes,
      say: (driver, bytes) => given.words.books.perContainer(driver, bytesText(bytes / sharers)),
    });
  },

  overlaySharesMemory(given) {
    const overlay = figureOf(given, 'overlay2', 'sharers.memoryBytes');
    const others = ['devicemapper', 'btrfs', 'vfs'].flatMap((driver) => {
      const bytes = figureOf(given, driver, 'sharers.memoryBytes');
      return bytes === undefined ? [] : [{ driver, bytes }];
    });
    if (overlay === undefined || others.length === 0)
      return unknown(given, 'overlay2', 'btrfs', 'devicemapper', 'vfs');
    return {
      verdict: others.every(({ bytes }) => bytes > overlay * 2) ? 'held' : 'notHeld',
      figures: [{ driver: 'overlay2', bytes: overlay }, ...others].map(({ driver, bytes }) =>
        given.words.books.each(driver, bytesText(bytes)),
      ),
    };
  },

  overlayRename(given) {
    const { words, machine } = given;
    const found = machine.drivers.filter(({ driver }) => (OVERLAYS as readonly string[]).includes(driver));
    if (found.length === 0) return unknown(given, ...OVERLAYS);
    return {
      verdict: found.every(({ refused }) => refused['rename.ms'] !== undefined) ? 'held' : 'notHeld',
      figures: machine.drivers.map(({ driver, figures, refused }) =>
        words.books.each(
          driver,
          figures['rename.ms'] === undefined
            ? words.rename.refused(refused['rename.ms'] ?? '')
            : words.rename.works(msText(figures['rename.ms'])),
        ),
      ),
    };
  },
};

function judgeEach(
  given: Case,
  options: {
    readonly drivers: readonly string[];
    readonly figure: FigureName;
    readonly holds: (value: number, scale: LabMachine['scale']) => boolean;
    readonly say?: (driver: string, value: number) => string;
  },
): Omit<SayingResult, 'saying'> {
  const { machine, words } = given;
  const { figure, holds, say = (driver, value) => words.books.each(driver, bytesText(value)) } = options;
  const found = options.drivers.flatMap((driver) => {
    const value = figureOf(given, driver, figure);
    return value === undefined ? [] : [{ driver, value }];
  });
  if (found.length === 0) return unknown(given, ...options.drivers);
  return {
    verdict: found.every(({ value }) => holds(value, machine.scale)) ? 'held' : 'notHeld',
    figures: found.map(({ driver, value }) => say(driver, value)),
  };
}

/** Held when the first is clearly faster. */
function judgePair(
  given: Case,
  faster: string,
  slower: string,
  figure: FigureName,
): Omit<SayingResult, 'saying'> {
  const [one, other] = [figureOf(given, faster, figure), figureOf(given, slower, figure)];
  if (one === undefined || other === undefined) return unknown(given, faster, slower);
  return {
    verdict: other > one * CLEAR ? 'held' : 'notHeld',
    figures: [given.words.books.against(faster, msText(one), slower, msText(other))],
  };
}

function figureOf({ machine }: Case, driver: string, figure: FigureName): number | undefined {
  return machine.drivers.find((one: DriverReport) => one.driver === driver)?.figures[figure];
}

function unknown({ machine, words }: Case, ...drivers: readonly string[]): Omit<SayingResult, 'saying'> {
  const missing = drivers.filter((name) => machine.drivers.every(({ driver }) => driver !== name));
  const needed = missing.length === 0 ? drivers : missing;
  return { verdict: 'unknown', figures: [words.books.needs(needed.join(', '))] };
}
