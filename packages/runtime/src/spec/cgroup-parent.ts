/** The cgroup below which every container has its own, where nobody says otherwise. */
export const DEFAULT_CGROUP_PARENT = '/berth';
