export { linuxProbes, type Probe } from '@berth/linux';
export { type CheckOptions, checkEngineFiles, type EngineProblem } from './check.ts';
export { openEngine } from './compose.ts';
export { ENGINE_ERRORS, EngineError, type EngineErrorCode } from './errors.ts';
export { type EngineServer, type ServeEngineOptions, serveEngine } from './http/serve.ts';
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
