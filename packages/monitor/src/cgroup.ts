/** The cgroup that monitors are in: who ends the engine's group (a service manager) must not reach them. */
export const MONITOR_CGROUP = 'berth-monitor';
