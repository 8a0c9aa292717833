export { startMonitor } from './client/start-monitor.ts';
export { MONITOR_ERRORS, MonitorError, type MonitorErrorCode } from './errors.ts';
export type {
  AttachedStreams,
  LogSettings,
  Monitor,
  MonitoredContainer,
  OutputChunk,
  ProcessExit,
  RunningProcess,
  StartMonitor,
  StartMonitorOptions,
} from './interface.ts';
