export { type DriverSuiteOptions, driverSuite } from './drivers/testsuite.ts';
export { type LayerStoreSuiteOptions, layerStoreSuite } from './layers/testsuite.ts';
