import type { DriverEntry } from '@berth/storage';
import type { Depth, SkippedDriver } from '../interface.ts';
import type { ApartReason } from './apart-reason.ts';
import type { BookWords } from './sayings/words.ts';
import type { WorkName } from './work-names.ts';

/** What is to be known of a driver before its figures, in one language. */
export interface DriverWords {
  readonly summary: string;
  readonly kernel: string;
  readonly deprecated?: string;
  readonly prefer: string;
}

/** Everything that the page says, in one language. Texts are plain; arguments called `links` are HTML, and so is what comes of them. */
export interface Words {
  readonly language: 'en' | 'zh-CN';
  readonly languageName: string;
  readonly title: string;
  /** Sentences after each other: `gap` is what stands between. */
  readonly gap: string;
  readonly list: (items: readonly string[]) => string;
  /** Between parts that are no sentences: `; ` */
  readonly semicolon: string;
  readonly intro: {
    readonly what: string;
    readonly one: (link: string) => string;
    readonly several: (links: readonly string[]) => string;
    readonly smaller: (drivers: string) => string;
    readonly rules: string;
  };
  /** Why figures of a machine are not held against those of the first. */
  readonly across: {
    readonly what: (machine: string, first: string, differences: readonly string[]) => string;
    readonly emulated: string;
    readonly cores: (count: number, first: number) => string;
    readonly memory: (size: string, first: string) => string;
    readonly kernel: (release: string) => string;
    readonly nothing: string;
  };
  readonly drivers: {
    readonly heading: string;
    /** Whose they are. */
    readonly what: string;
    readonly of: (entry: DriverEntry) => DriverWords;
    readonly kernel: string;
    readonly since: (release: string) => string;
    readonly never: string;
    readonly anyKernel: string;
    readonly needs: (what: string) => string;
    readonly deprecated: string;
    readonly notDeprecated: string;
    readonly prefer: string;
    readonly measured: string;
    readonly notOn: (link: string, reason: string) => string;
  };
  readonly which: {
    readonly heading: string;
    readonly what: string;
    readonly work: string;
    readonly best: string;
    readonly worst: string;
    readonly works: Readonly<Record<WorkName, (sizes: WorkSizes) => string>>;
    readonly entry: (driver: string, value: string) => string;
    readonly worstEntry: (driver: string, value: string, times: string | undefined) => string;
    readonly level: string;
    readonly alone: string;
    readonly leftOut: (entries: string, reason: string) => string;
    /** Of those of which only the least is known that they take. */
    readonly others: (drivers: string, value: string, times: string) => string;
  };
  readonly kernel: string;
  readonly processor: string;
  readonly memory: string;
  readonly fileSystem: string;
  readonly takenAt: string;
  readonly cores: (count: number) => string;
  readonly processorAndCores: (processor: string, cores: string) => string;
  readonly contents: string;
  readonly driver: string;
  /** A figure that is not there; `reason`: what the system answered, or a sentence of the lab. */
  readonly unmeasured: (reason?: string) => string;
  readonly note: Readonly<Record<string, string>>;
  readonly aside: (text: string, aside: string) => string;
  readonly times: (factor: string) => string;
  readonly atLeast: (value: string) => string;
  /** Of names that are words and not somebody's: `this machine`. */
  readonly machineName: Readonly<Record<string, string>>;
  readonly skipped: string;
  readonly colon: (term: string, text: string) => string;
  readonly reason: (skipped: SkippedDriver) => { readonly cause: string; readonly whole: string };
  readonly notInRun: string;
  readonly figuresOf: (machine: string) => string;
  readonly apart: Readonly<Record<ApartReason, string>>;
  readonly depth: Readonly<Record<Depth, string>>;
  readonly turn: Readonly<Record<'first' | 'second', string>>;
  readonly unit: Readonly<Record<'ms' | 'takenBytes' | 'writtenBytes', string>>;
  readonly copyUp: {
    readonly heading: string;
    readonly what: (file: string, layers: number) => string;
    readonly taken: string;
    readonly written: string;
    readonly time: string;
    readonly both: (depth: string) => string;
    readonly smaller: (driver: string, file: string) => string;
    readonly copiedAhead: (driver: string) => string;
    readonly firstIsOdd: (depth: string, instead: string) => string;
  };
  readonly smallFiles: {
    readonly heading: string;
    readonly what: (count: string) => string;
    readonly create: string;
    readonly remove: string;
  };
  readonly writers: {
    readonly heading: string;
    readonly what: (containers: number, blocks: number, file: string) => string;
    readonly time: string;
    readonly taken: string;
    readonly copied: (driver: string) => string;
    readonly wholeBlocks: (driver: string, block: string) => string;
  };
  readonly readers: {
    readonly heading: string;
    readonly what: (containers: number, files: string) => string;
    readonly cold: string;
    readonly warm: string;
    readonly time: string;
  };
  readonly start: {
    readonly heading: string;
    readonly what: string;
    readonly time: string;
    readonly layers: (count: number) => string;
  };
  readonly rename: {
    readonly heading: string;
    readonly what: string;
    readonly outcome: string;
    readonly works: (time: string) => string;
  };
  readonly sharers: {
    readonly heading: string;
    readonly what: (containers: number, image: string) => string;
    readonly disk: string;
    readonly created: string;
    readonly memory: string;
    /** What a short bar there means, and why it is short. */
    readonly memoryWhy: string;
    readonly cutOff: (containers: number, copies: string, memory: string) => string;
  };
  readonly unpack: {
    readonly heading: string;
    readonly what: (image: string) => string;
    readonly unpackTime: string;
    readonly commitTime: string;
    readonly taken: string;
    readonly time: string;
  };
  readonly books: BookWords;
  readonly all: {
    readonly heading: string;
    readonly figure: string;
    readonly place: (depth: string, turn: string) => string;
    readonly part: (place: string, unit: string) => string;
  };
  readonly terms: {
    readonly heading: string;
    readonly entries: readonly (readonly [term: string, meaning: string])[];
  };
  readonly download: string;
}

/** What the kinds of work are named after. */
export interface WorkSizes {
  readonly largeFile: string;
  readonly depth: string;
  readonly writers: number;
  readonly writtenFile: string;
  readonly written: string;
  readonly layers: number;
  readonly sharers: number;
  readonly smallFiles: string;
  readonly openedFiles: string;
  readonly image: string;
}
