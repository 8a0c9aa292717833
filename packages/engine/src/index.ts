export { linuxProbes, type Probe } from '@berth/linux';
export type { DriverFinding } from '@berth/storage';
export type {
  ApiContainerConfig,
  ApiContainerInspect,
  ApiContainerState,
  ApiContainerStatus,
  ApiContainerSummary,
  ApiCreateContainer,
  ApiEvent,
  ApiExecCreate,
  ApiExecInspect,
  ApiFilters,
  ApiHistoryItem,
  ApiHostConfig,
  ApiImageInspect,
  ApiImageSummary,
  ApiMountPoint,
  ApiMountRequest,
  ApiNetworkSettings,
  ApiPathStat,
  ApiPortBinding,
  ApiProgress,
  ApiVolume,
} from './api/types.ts';
export { API_VERSION_MAX, API_VERSION_MIN, type ApiVersion, formatApiVersion } from './api/version.ts';
export { type CheckOptions, checkEngineFiles, type EngineProblem } from './check.ts';
export { openEngine } from './compose.ts';
export { ENGINE_ERRORS, EngineError, type EngineErrorCode } from './errors.ts';
export { type EngineServer, type ServeEngineOptions, serveEngine } from './http/serve.ts';
export type { AccessRecord } from './http/server/exchange.ts';
export type {
  CallOptions,
  Containers,
  Engine,
  EngineEvents,
  Images,
  OpenEngineOptions,
  PullOptions,
  System,
  Volumes,
} from './interface.ts';
export { describeStorageFiles, type EngineStorage, surveyStorageDrivers } from './storage-drivers.ts';
export {
  type ContainerUsage,
  type EngineStorageUsage,
  type LayerUsage,
  measureStorageFiles,
} from './storage-usage.ts';
export { giveBackMemoryWhenIdle } from './system/give-back-memory.ts';
