export type {
  CreateOptions,
  DriverAbilities,
  DriverEntry,
  DriverProbe,
  DriverProblem,
  DriverSupport,
  LayerForm,
  LayerKey,
  OpenDriverOptions,
  OpenLayer,
  StorageDriver,
  WhiteoutNotation,
} from './drivers/interface.ts';
export { DRIVERS } from './drivers/registry.ts';
export { type DriverFinding, surveyDrivers } from './drivers/survey.ts';
export { STORAGE_ERRORS, StorageError, type StorageErrorCode } from './errors.ts';
export type {
  ApplyOptions,
  Change,
  ChangeKind,
  ContainerLayerInfo,
  LayerInfo,
  LayerInput,
  LayerProgress,
  LayerStore,
  OpenLayerStoreOptions,
  StorageProblem,
  StorageUsage,
} from './layers/interface.ts';
export { openLayerStore } from './layers/open-layer-store.ts';
export { LAYER_STEPS, type LayerStep } from './layers/steps.ts';
