import { bool, list, text, value } from '../flags/flag.ts';
import type { Flag } from '../flags/interface.ts';
import { parseMount } from './mount.ts';
import { addHost, environmentWord, ipAddress, sysctl, ulimit } from './option-values.ts';

/** Why a value cannot be read: what the reader throws. */
function readBy(read: (given: string) => unknown): Partial<Flag> {
  return {
    check: (given) => {
      try {
        read(given);
        return undefined;
      } catch (error) {
        if (error instanceof Error) return error.message;
        throw error;
      }
    },
  };
}

/** Limits that a running container can be given as well. */
export const RESOURCE_FLAGS: readonly Flag[] = [
  value('cpu-period', 'int', 'Limit CPU CFS (Completely Fair Scheduler) period'),
  value('cpu-quota', 'int', 'Limit CPU CFS (Completely Fair Scheduler) quota'),
  value('c, cpu-shares', 'int', 'CPU shares (relative weight)'),
  value('cpus', 'decimal', 'Number of CPUs'),
  text('cpuset-cpus', 'CPUs in which to allow execution (0-3, 0,1)'),
  text('cpuset-mems', 'MEMs in which to allow execution (0-3, 0,1)'),
  value('m, memory', 'bytes', 'Memory limit'),
  value('memory-reservation', 'bytes', 'Memory soft limit'),
  value('memory-swap', 'bytes', "Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
  value('pids-limit', 'int', 'Tune container pids limit (set -1 for unlimited)'),
  text('restart', 'Restart policy to apply when a container exits (default "no")'),
];

/** Of `create` and `run`. What docker has beyond these, Berth's engine does not have. */
export const CREATE_FLAGS: readonly Flag[] = [
  list('add-host', 'Add a custom host-to-IP mapping (host:ip)', readBy(addHost)),
  list('annotation', 'Add an annotation to the container (passed through to the OCI runtime)', {
    value: 'map',
  }),
  list('a, attach', 'Attach to STDIN, STDOUT or STDERR', {
    check: (given) =>
      ['stdin', 'stdout', 'stderr'].includes(given.toLowerCase())
        ? undefined
        : 'valid streams are STDIN, STDOUT and STDERR',
  }),
  list('cap-add', 'Add Linux capabilities'),
  list('cap-drop', 'Drop Linux capabilities'),
  text('cgroup-parent', 'Optional parent cgroup for the container'),
  text('cgroupns', 'Cgroup namespace to use (host|private)'),
  text('cidfile', 'Write the container ID to the file'),
  list('device', 'Add a host device to the container'),
  list('device-cgroup-rule', 'Add a rule to the cgroup allowed devices list'),
  list('dns', 'Set custom DNS servers', readBy(ipAddress)),
  list('dns-option', 'Set DNS options'),
  list('dns-search', 'Set custom DNS search domains'),
  text('domainname', 'Container NIS domain name'),
  text('entrypoint', 'Overwrite the default ENTRYPOINT of the image'),
  list('e, env', 'Set environment variables', readBy(environmentWord)),
  list('env-file', 'Read in a file of environment variables'),
  list('expose', 'Expose a port or a range of ports'),
  list('group-add', 'Add additional groups to join'),
  text('h, hostname', 'Container host name'),
  bool('init', 'Run an init inside the container that forwards signals and reaps processes'),
  bool('i, interactive', 'Keep STDIN open even if not attached'),
  text('ipc', 'IPC mode to use'),
  list('l, label', 'Set meta data on a container'),
  list('label-file', 'Read in a line delimited file of labels'),
  list('link', 'Add link to another container'),
  text('log-driver', 'Logging driver for the container'),
  list('log-opt', 'Log driver options'),
  text('mac-address', 'Container MAC address (e.g., 92:d0:c6:0a:29:33)'),
  list('mount', 'Attach a filesystem mount to the container', { value: 'mount', ...readBy(parseMount) }),
  text('name', 'Assign a name to the container'),
  list('network', 'Connect a container to a network', { value: 'network' }),
  list('net', 'The same as --network', { value: 'network' }),
  bool('no-healthcheck', 'Disable any container-specified HEALTHCHECK'),
  bool('oom-kill-disable', 'Disable OOM Killer'),
  value('oom-score-adj', 'int', "Tune host's OOM preferences (-1000 to 1000)"),
  text('pid', 'PID namespace to use'),
  text('platform', 'Set platform if server is multi-platform capable'),
  bool('privileged', 'Give extended privileges to this container'),
  list('p, publish', "Publish a container's port(s) to the host"),
  bool('P, publish-all', 'Publish all exposed ports to random ports'),
  text('pull', 'Pull image before creating ("always", "missing", "never") (default "missing")'),
  bool('q, quiet', 'Suppress the pull output'),
  bool('read-only', "Mount the container's root filesystem as read only"),
  bool('rm', 'Automatically remove the container and its associated anonymous volumes when it exits'),
  text('runtime', 'Runtime to use for this container'),
  list('security-opt', 'Security Options'),
  value('shm-size', 'bytes', 'Size of /dev/shm'),
  text('stop-signal', 'Signal to stop the container'),
  value('stop-timeout', 'int', 'Timeout (in seconds) to stop a container'),
  list('storage-opt', 'Storage driver options for the container'),
  list('sysctl', 'Sysctl options', { value: 'map', ...readBy(sysctl) }),
  list('tmpfs', 'Mount a tmpfs directory'),
  bool('t, tty', 'Allocate a pseudo-TTY'),
  list('ulimit', 'Ulimit options', { value: 'ulimit', ...readBy(ulimit) }),
  text('u, user', 'Username or UID (format: <name|uid>[:<group|gid>])'),
  text('userns', 'User namespace to use'),
  text('uts', 'UTS namespace to use'),
  list('v, volume', 'Bind mount a volume'),
  text('volume-driver', 'Optional volume driver for the container'),
  list('volumes-from', 'Mount volumes from the specified container(s)'),
  text('w, workdir', 'Working directory inside the container'),
  ...RESOURCE_FLAGS,
];
