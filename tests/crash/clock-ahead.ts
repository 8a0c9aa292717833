/** Loaded by a Hub under test before all else: its clock is ahead by CLOCK_AHEAD_MS. */
const ahead = Number(process.env.CLOCK_AHEAD_MS ?? 0);
const SystemDate = Date;

globalThis.Date = class extends SystemDate {
  constructor(...given: [] | [number]) {
    if (given.length === 0) super(SystemDate.now() + ahead);
    else super(...given);
  }

  static override now(): number {
    return SystemDate.now() + ahead;
  }
} as DateConstructor;
