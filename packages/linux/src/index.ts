export {
  createSubvolume,
  destroySubvolume,
  isBtrfs,
  isSubvolume,
  makeSubvolumeWritable,
  snapshotSubvolume,
} from './btrfs.ts';
export {
  type CgroupMode,
  type CgroupPaths,
  cgroupControllers,
  cgroupMode,
  cgroupPathsOf,
  type MemoryEvents,
  moveToOwnCgroup,
  readMemoryEvents,
} from './cgroups.ts';
export { ConsoleSocket, type ReceiveOptions } from './console-socket.ts';
export {
  allocateSpace,
  type CloneOutcome,
  cloneFile,
  copyRange,
  dataRanges,
  type FileRange,
  punchHole,
  tryCloneFile,
} from './copy.ts';
export { LINUX_ERRORS, LinuxError, type LinuxErrorCode, LinuxStateError } from './errors.ts';
export { readExitInfo } from './exit-info.ts';
export { type FileExtent, fileExtents } from './extents.ts';
export { makeNode, type NodeOptions, setImmutable, setTimes } from './files.ts';
export { enterJail, enterMountNamespace, enterPrivateMounts } from './jail.ts';
export { warmThreadPool } from './jail-state.ts';
export {
  effectiveCapabilities,
  isInInitialUserNamespace,
  type KernelRelease,
  kernelRelease,
  knownFileSystems,
} from './kernel.ts';
export { attachedLoops, attachLoop, growLoop, type LoopDevice, loopFile } from './loop-devices.ts';
export { trimMemory } from './memory.ts';
export { isMountPoint, isMountRoot, type MountInfo, readMounts } from './mount-info.ts';
export {
  type BindOptions,
  bindMount,
  type MountFlags,
  mountFileSystem,
  type Propagation,
  remount,
  remountFileSystem,
  setPropagation,
  type UnmountOptions,
  unmount,
} from './mounts.ts';
export {
  createNetworkNamespace,
  insideNetworkNamespace,
  makeNetworkNamespace,
  removeNetworkNamespace,
} from './namespaces.ts';
export {
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type NetlinkReply,
  type NetlinkRequest,
  type NetlinkResult,
  NetlinkSocket,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REQUEST,
} from './netlink.ts';
export { type OpenInRootOptions, openInRoot } from './open-in-root.ts';
export { createOverlay, type DetachedMount, mountOverlay, type OverlayMount } from './overlay.ts';
export { nativePath } from './paths.ts';
export { duplicateFd, openPidfd, signalPidfd, waitPidfd } from './pidfd.ts';
export { probeMount } from './probe-mount.ts';
export type { Probe, ProbeResult } from './probe-result.ts';
export { linuxProbes } from './probes.ts';
export {
  becomeSubreaper,
  closeOnExecAbove,
  createSession,
  type ProcessStatus,
  setDeathSignal,
  setProcessName,
  waitPid,
} from './processes.ts';
export { denyWhiteoutDevices } from './seccomp.ts';
export { mapSharedFile } from './shared-memory.ts';
export { parseSignal, SIGNALS } from './signals.ts';
export { startTimeOf } from './start-time.ts';
export { deviceMajorMinor, type FileKind, type PreciseStat, preciseStat } from './stat.ts';
export { HeldFileSystem, startWriteBack, syncFileSystem, syncFileSystemAsync } from './sync.ts';
export { getWindowSize, openTerminal, setWindowSize, type WindowSize } from './terminals.ts';
export { visitJail } from './visit-jail.ts';
export { type ReadableWatch, watchReadable } from './watch-readable.ts';
export { getXattr, listXattrs, removeXattr, setXattr } from './xattrs.ts';
