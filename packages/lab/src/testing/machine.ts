import { type DriverReport, FULL_SCALE, type LabMachine } from '../interface.ts';

const MIB = 1024 ** 2;

/** What drivers of each kind took, in round figures. */
export const FIGURES = {
  copies: {
    'copyUp.bottom.first.ms': 700,
    'copyUp.bottom.first.takenBytes': 1024 * MIB,
    'copyUp.bottom.first.writtenBytes': 1024 * MIB,
    'copyUp.middle.first.ms': 700,
    'copyUp.middle.first.takenBytes': 1024 * MIB,
    'copyUp.middle.first.writtenBytes': 1024 * MIB,
    'copyUp.top.first.ms': 700,
    'writers.ms': 800,
    'readers.cold.ms': 900,
    'readers.warm.ms': 300,
    'sharers.fresh.takenBytes': 320 * 1024,
    'sharers.memoryBytes': 88 * MIB,
  },
  blocks: {
    'copyUp.bottom.first.ms': 1,
    'copyUp.bottom.first.takenBytes': 4096,
    'copyUp.bottom.first.writtenBytes': MIB,
    'copyUp.middle.first.ms': 1,
    'copyUp.middle.first.takenBytes': 4096,
    'copyUp.middle.first.writtenBytes': MIB,
    'copyUp.top.first.ms': 1,
    'writers.ms': 200,
    'readers.cold.ms': 950,
    'readers.warm.ms': 310,
    'sharers.fresh.takenBytes': 0,
    'sharers.memoryBytes': 1700 * MIB,
  },
  fullCopies: {
    'copyUp.middle.first.ms': 0.4,
    'writers.ms': 60,
    'readers.cold.ms': 1800,
    'readers.warm.ms': 300,
    'sharers.fresh.takenBytes': 20 * 84 * MIB,
    'sharers.memoryBytes': 1700 * MIB,
  },
} as const satisfies Record<string, DriverReport['figures']>;

export function driver(
  name: string,
  figures: DriverReport['figures'],
  more: Partial<DriverReport> = {},
): DriverReport {
  return { driver: name, figures, refused: {}, ...more };
}

export function machine(drivers: readonly DriverReport[], more: Partial<LabMachine> = {}): LabMachine {
  return {
    ...{ name: 'this machine', kernel: '6.1.0', processor: 'A processor', cores: 2 },
    ...{ memoryBytes: 16 * 1024 * MIB, fileSystem: 'ext4', takenAt: '2026-11-27T05:50:49.242Z' },
    ...{ scale: FULL_SCALE, drivers, skipped: [], hasThrowAway: true },
    ...more,
  };
}
