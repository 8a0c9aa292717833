import type { StartMonitor } from '../interface.ts';
import { openMonitorClient } from './monitor-client.ts';

/**
 * Connects to the monitor of `runRoot`, starting one when there is none.
 *
 * @throws {MonitorError} `MONITOR_VERSION`, `MONITOR_START_FAILED`; the reason of `signal`
 */
export const startMonitor: StartMonitor = openMonitorClient;
