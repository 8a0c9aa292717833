import type { ApiContainerInspect, ApiContainerState, ApiMountPoint } from '../../api/types.ts';
import { containerPaths, type EnginePaths } from '../../data/paths.ts';
import type { Container } from '../container.ts';
import { hostnameOf } from '../lifecycle/container-spec.ts';
import type { ContainerState, MountPlan } from '../model.ts';
import { commandLine } from '../settings/merge-config.ts';
import { NEVER, timeText } from '../times.ts';
import { networkSettings } from './network-settings.ts';

/** `docker inspect`, but for what must be measured or asked elsewhere. */
export function inspectContainer(
  container: Container,
  options: {
    readonly paths: EnginePaths;
    readonly driverName: string;
    readonly graphData: Readonly<Record<string, string>> | null;
    readonly networkIdOf: (name: string) => string;
  },
): ApiContainerInspect {
  const { id, name, settings, state } = container;
  const { config, hostConfig, mounts } = settings;
  const [path = '', ...args] = commandLine(config);
  const files = containerPaths(options.paths, id);
  const hasRun = state.startedAt !== undefined;
  return {
    Id: id,
    Created: timeText(container.createdAt),
    Path: path,
    Args: args,
    State: apiState(state),
    Image: settings.imageId,
    ResolvConfPath: hasRun ? files.resolvConf : '',
    HostnamePath: hasRun ? files.hostname : '',
    HostsPath: hasRun ? files.hosts : '',
    LogPath: hostConfig.LogConfig?.Type === 'none' ? '' : files.log,
    Name: `/${name}`,
    RestartCount: state.restartCount,
    Driver: options.driverName,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: container.execIds.size === 0 ? null : [...container.execIds],
    HostConfig: hostConfig,
    GraphDriver: { Name: options.driverName, Data: options.graphData },
    // Those of `--tmpfs` are in HostConfig.Tmpfs alone, as with Docker.
    Mounts: mounts
      .filter(({ destination }) => !Object.hasOwn(hostConfig.Tmpfs ?? {}, destination))
      .map(apiMount),
    Config: { ...config, Hostname: hostnameOf(container) },
    NetworkSettings: networkSettings(container, options.networkIdOf),
  };
}

export function apiState(state: ContainerState): ApiContainerState {
  const { status } = state;
  return {
    Status: status,
    Running: status === 'running' || status === 'paused' || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.isOomKilled,
    Dead: status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt ?? NEVER,
    FinishedAt: state.finishedAt ?? NEVER,
  };
}

export function apiMount(mount: MountPlan): ApiMountPoint {
  switch (mount.type) {
    case 'bind':
      return {
        Type: 'bind',
        Source: mount.source,
        Destination: mount.destination,
        Mode: mount.mode,
        RW: !mount.isReadonly,
        Propagation: mount.propagation,
      };
    case 'volume':
      return {
        Type: 'volume',
        Name: mount.name,
        Source: mount.source,
        Destination: mount.destination,
        Driver: 'local',
        Mode: mount.mode,
        RW: !mount.isReadonly,
        Propagation: '',
      };
    case 'tmpfs':
      return {
        Type: 'tmpfs',
        Source: '',
        Destination: mount.destination,
        Mode: '',
        RW: !mount.options.includes('ro'),
        Propagation: '',
      };
  }
}
