export { RUNTIME_ERRORS, RuntimeError, type RuntimeErrorCode } from './errors.ts';
export type {
  ContainerSpec,
  CreateOptions,
  ExecOptions,
  OciProcess,
  ResolvedUser,
  Runtime,
  RuntimeProgram,
  SpecMount,
  SpecResources,
  Stdio,
} from './interface.ts';
export { createLogClock, formatNanoseconds, type LogClock } from './logs/clock.ts';
export { type LogEntry, type LogStream, parseEntry } from './logs/json-lines.ts';
export type { LogFileOptions } from './logs/log-file.ts';
export { LogWriter } from './logs/log-writer.ts';
export { type ReadLogsOptions, readLogs } from './logs/read-logs.ts';
export { type FindRuntimeOptions, findRuntime } from './probe/find-runtime.ts';
export { noOpProgram } from './probe/no-op-bundle.ts';
export { type OpenRuntimeOptions, openRuntime } from './process/open-runtime.ts';
export { type RuntimeState, readRuntimeState } from './process/runtime-state.ts';
export { buildSpec, capabilitySets, toOciUser } from './spec/build-spec.ts';
export { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from './spec/capabilities.ts';
export { DEFAULT_CGROUP_PARENT } from './spec/cgroup-parent.ts';
export { type HostDevice, type HostFacts, readHostFacts } from './spec/host-facts.ts';
export { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from './spec/masked-paths.ts';
export { MAX_ACCOUNT_FILE_BYTES } from './users/account-files.ts';
export { resolveUser } from './users/resolve-user.ts';
