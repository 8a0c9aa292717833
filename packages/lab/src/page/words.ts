import type { Depth } from '../interface.ts';
import type { SayingName } from './saying-names.ts';

/** Everything that the page says, in one language. */
export interface Words {
  readonly language: 'en' | 'zh-CN';
  readonly languageName: string;
  readonly title: string;
  readonly intro: string;
  readonly machine: string;
  readonly kernel: string;
  readonly processor: string;
  readonly memory: string;
  readonly fileSystem: string;
  readonly takenAt: string;
  readonly cores: (count: number) => string;
  readonly contents: string;
  readonly driver: string;
  readonly missing: string;
  readonly note: Readonly<Record<string, string>>;
  readonly driverAside: (driver: string, aside: string) => string;
  /** Of names that are words and not somebody's: `this machine`. */
  readonly machineName: Readonly<Record<string, string>>;
  readonly skipped: string;
  readonly figuresOf: (machine: string) => string;
  readonly onlySameKernel: string;
  readonly depth: Readonly<Record<Depth, string>>;
  readonly first: string;
  readonly second: string;
  readonly space: string;
  readonly copyUp: {
    readonly heading: string;
    readonly what: (file: string, layers: number) => string;
    readonly taken: string;
    readonly written: string;
    readonly time: string;
    readonly smaller: (driver: string, file: string) => string;
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
    readonly works: (time: string) => string;
    readonly refused: (code: string) => string;
  };
  readonly sharers: {
    readonly heading: string;
    readonly what: (containers: number, image: string) => string;
    readonly disk: string;
    readonly memory: string;
    /** What a short bar there means, and why it is short. */
    readonly memoryWhy: string;
  };
  readonly unpack: {
    readonly heading: string;
    readonly what: (image: string) => string;
    readonly unpackTime: string;
    readonly commitTime: string;
    readonly time: string;
  };
  readonly books: {
    readonly heading: string;
    readonly what: string;
    readonly saying: string;
    readonly verdict: string;
    readonly figures: string;
    readonly held: string;
    readonly notHeld: string;
    readonly unknown: string;
    readonly sayings: Readonly<Record<SayingName, string>>;
    readonly needs: (drivers: string) => string;
    readonly against: (one: string, value: string, other: string, otherValue: string) => string;
    readonly each: (driver: string, value: string) => string;
    readonly perContainer: (driver: string, value: string) => string;
  };
  readonly raw: string;
  readonly download: string;
}
