export { type DriverSuiteOptions, driverSuite } from './drivers/testsuite.ts';
export { type CrashSuiteOptions, crashSuite } from './layers/crash-suite.ts';
export { type LayerStoreSuiteOptions, layerStoreSuite } from './layers/testsuite.ts';
export {
  LoopFileSystem,
  type LoopOptions,
  type LoopType,
  useFileSystem,
  whyNoLoop,
} from './testing/loop-file-system.ts';
export { type RandomSuiteOptions, randomSuite } from './testing/random-suite.ts';
export { sampleOf } from './testing/sample.ts';
export { Scratch } from './testing/scratch.ts';
export type { SmallFileSystem, SuitePlace } from './testing/suite-place.ts';
export { listTree } from './testing/tree-listing.ts';
