/** The part of this room that looks after processes, for a program that must be small and start at once. */
export { moveToOwnCgroup, readMemoryEvents } from './cgroups.ts';
export { ConsoleSocket } from './console-socket.ts';
export { readExitInfo } from './exit-info.ts';
export { makeNode } from './files.ts';
export { duplicateFd, openPidfd, signalPidfd, waitPidfd } from './pidfd.ts';
export {
  becomeSubreaper,
  closeOnExecAbove,
  type ProcessStatus,
  setProcessName,
  waitPid,
} from './processes.ts';
export { mapSharedFile } from './shared-memory.ts';
export { setWindowSize } from './terminals.ts';
export { type ReadableWatch, watchReadable } from './watch-readable.ts';
