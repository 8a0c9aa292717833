/**
 * What the layer store must do over any driver, and over anything that wraps one.
 *
 *     layerStoreSuite({ entry, skip: whyNotHere() });
 */
import { describe } from 'node:test';
import type { DriverEntry } from '../drivers/interface.ts';
import type { SuitePlace } from '../testing/suite-place.ts';
import { applyCases } from './testsuite/apply-cases.ts';
import { checkCases } from './testsuite/check-cases.ts';
import { containerCases } from './testsuite/container-cases.ts';
import { diffCases } from './testsuite/diff-cases.ts';
import { refusalCases } from './testsuite/refusal-cases.ts';
import { removalCases } from './testsuite/removal-cases.ts';
import { StoreBench } from './testsuite/store-bench.ts';

export interface LayerStoreSuiteOptions {
  readonly entry: DriverEntry;
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** Where the driver works; default: anywhere. */
  readonly place?: SuitePlace | undefined;
  /** Why it cannot run here. */
  readonly skip?: string | false;
  /** Leaves cases out, by their names; for where they take long. */
  readonly only?: (name: string) => boolean;
}

export function layerStoreSuite(options: LayerStoreSuiteOptions): void {
  const { entry, skip = false } = options;
  describe(`the layer store over ${entry.name}`, { skip }, () => {
    const bench = new StoreBench(options);
    applyCases(bench);
    refusalCases(bench);
    containerCases(bench);
    diffCases(bench);
    removalCases(bench);
    checkCases(bench);
  });
}
