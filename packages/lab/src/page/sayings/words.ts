import type { SayingName } from './saying-names.ts';

/** What the verdicts are said with. */
export interface BookWords {
  readonly heading: string;
  readonly what: string;
  readonly saying: string;
  readonly verdict: string;
  readonly figures: string;
  readonly held: string;
  readonly partly: string;
  readonly notHeld: string;
  readonly unknown: string;
  readonly sayings: Readonly<Record<SayingName, string>>;
  readonly needs: (drivers: string) => string;
  readonly needsOneOf: (drivers: string) => string;
  readonly against: (one: string, value: string, other: string, otherValue: string) => string;
  readonly each: (driver: string, value: string) => string;
  readonly perContainer: (driver: string, value: string) => string;
  readonly notMeasured: (drivers: string) => string;
  readonly leftOut: (driver: string, reason: string) => string;
  readonly throughFuse: string;
  readonly notKernelAufs: string;
  readonly fromPool: (sizes: {
    readonly driver: string;
    readonly taken: string;
    readonly file: string;
    readonly blocks: string;
    readonly block: string;
  }) => string;
  /** What else is in that. */
  readonly poolRecords: string;
  readonly toDisk: (written: string) => string;
  readonly toDiskUnknown: string;
  readonly fewBlocks: (limit: string, parts: number) => string;
  readonly written: (sizes: {
    readonly containers: number;
    readonly each: string;
    readonly file: string;
    readonly total: string;
  }) => string;
  readonly order: (entries: string) => string;
  readonly notAhead: (pairs: string) => string;
  readonly pair: (one: string, other: string) => string;
  readonly heldOnly: (cases: string) => string;
  readonly heldCase: (condition: string, rivals: string | undefined) => string;
  readonly noneBelow: (limit: string) => string;
  readonly ownFileSystem: (driver: string) => string;
  readonly beforeMount: (driver: string, value: string) => string;
  readonly oneCopy: (size: string, twice: string) => string;
  readonly cutOff: string;
}
