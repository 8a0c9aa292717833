/** The part of this room that runs containers and writes their logs, for a program that must be small and start at once. */
export type { LogStream } from './logs/json-lines.ts';
export { LogWriter } from './logs/log-writer.ts';
export { openRuntime } from './process/open-runtime.ts';
export { readRuntimeState } from './process/runtime-state.ts';
export { DEFAULT_CGROUP_PARENT } from './spec/cgroup-parent.ts';
