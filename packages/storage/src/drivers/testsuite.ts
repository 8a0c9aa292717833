/**
 * What every storage driver must do: the cases of Docker's graphtest, of containerd's snapshotter suite and of
 * containers/storage, and those that bugs have added. A driver is asked for its abilities, never for its name.
 *
 *     driverSuite({ entry, skip: whyNotHere() });
 */
import { describe } from 'node:test';
import type { SuitePlace } from '../testing/suite-place.ts';
import type { DriverEntry } from './interface.ts';
import { contentCases } from './testsuite/content-cases.ts';
import { crashCases } from './testsuite/crash-cases.ts';
import { DriverBench } from './testsuite/driver-bench.ts';
import { lifeCases } from './testsuite/life-cases.ts';
import { mountCases } from './testsuite/mount-cases.ts';
import { stackCases } from './testsuite/stack-cases.ts';

export interface DriverSuiteOptions {
  readonly entry: DriverEntry;
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** Where it works; default: anywhere. */
  readonly place?: SuitePlace | undefined;
  /** Why it cannot run here. */
  readonly skip?: string | false;
  /** Leaves cases out, by their names; for where they take long. */
  readonly only?: (name: string) => boolean;
  /** Layers of the deepest stack that is made; default 128. */
  readonly depth?: number;
}

export function driverSuite(options: DriverSuiteOptions): void {
  const { entry, skip = false } = options;
  describe(`${entry.name} as a storage driver`, { skip }, () => {
    const bench = new DriverBench(options);
    lifeCases(bench);
    contentCases(bench);
    stackCases(bench, options.depth ?? 128);
    mountCases(bench);
    crashCases(bench);
  });
}
