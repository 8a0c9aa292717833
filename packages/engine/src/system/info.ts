import { availableParallelism, hostname, machine, release, totalmem } from 'node:os';
import { cgroupControllers, cgroupMode } from '@berth/linux';
import type { SystemDeps } from './deps.ts';
import { forwardsIPv4, openFileCount, operatingSystem } from './machine.ts';

/** `GET /info`. */
export async function engineInfo(deps: SystemDeps, id: string): Promise<Readonly<Record<string, unknown>>> {
  const [containers, images, driverStatus, system] = await Promise.all([
    deps.containers.list({ all: true }),
    deps.images.list({ all: true }),
    deps.layers.status(),
    operatingSystem(),
  ]);
  const running = containers.filter(({ State }) => State === 'running' || State === 'restarting').length;
  const paused = containers.filter(({ State }) => State === 'paused').length;
  const { runtime, registries, version } = deps;
  const isUnified = cgroupMode() === 'unified';
  return {
    ID: id,
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
    Images: images.length,
    Driver: deps.layers.driverName,
    DriverStatus: driverStatus,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'none'],
    },
    ...limits(cgroupControllers()),
    IPv4Forwarding: await forwardsIPv4(),
    Debug: false,
    NFd: await openFileCount(),
    OomKillDisable: !isUnified,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: isUnified ? '2' : '1',
    NEventsListener: deps.eventListeners?.() ?? 0,
    KernelVersion: release(),
    OperatingSystem: system.name,
    OSVersion: system.version,
    OSType: 'linux',
    Architecture: machine(),
    IndexServerAddress: indexAddress(registries.defaultRegistry),
    RegistryConfig: registryConfig(registries),
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: deps.dataRoot,
    HttpProxy: process.env.HTTP_PROXY ?? process.env.http_proxy ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? process.env.https_proxy ?? '',
    NoProxy: process.env.NO_PROXY ?? process.env.no_proxy ?? '',
    Name: hostname(),
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version,
    Runtimes: { [runtime.name]: { path: runtime.path } },
    DefaultRuntime: runtime.name,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: deps.initProgram ?? '',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: runtime.name === 'runc' ? runtime.version : '' },
    InitCommit: { ID: '' },
    SecurityOptions: ['name=seccomp,profile=builtin', ...(isUnified ? ['name=cgroupns'] : [])],
    CDISpecDirs: [],
    Warnings: null,
  };
}

function limits(controllers: ReadonlySet<string>): Readonly<Record<string, boolean>> {
  const [hasMemory, hasCpu] = [controllers.has('memory'), controllers.has('cpu')];
  return {
    MemoryLimit: hasMemory,
    SwapLimit: hasMemory,
    CpuCfsPeriod: hasCpu,
    CpuCfsQuota: hasCpu,
    CPUShares: hasCpu,
    CPUSet: controllers.has('cpuset'),
    PidsLimit: controllers.has('pids'),
  };
}

function indexAddress(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}

function registryConfig({ defaultRegistry, insecureRegistries }: SystemDeps['registries']): object {
  const secure = {
    Name: defaultRegistry,
    Mirrors: [],
    Secure: true,
    Official: defaultRegistry === 'docker.io',
  };
  const insecure = insecureRegistries.map((name) => [
    name,
    { Name: name, Mirrors: [], Secure: false, Official: false },
  ]);
  return {
    IndexConfigs: { [defaultRegistry]: secure, ...Object.fromEntries(insecure) },
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
    Mirrors: null,
  };
}
