import { release } from 'node:os';
import { API_VERSION_MAX, API_VERSION_MIN, formatApiVersion } from '../api/version.ts';
import type { SystemDeps } from './deps.ts';
import { goArchitecture } from './machine.ts';

/** `GET /version`. `GoVersion` is a field that clients print: there is no Go in this engine. */
export function engineVersion(
  deps: Pick<SystemDeps, 'version' | 'runtime'>,
): Readonly<Record<string, unknown>> {
  const { version, runtime } = deps;
  const common = {
    ApiVersion: formatApiVersion(API_VERSION_MAX),
    MinAPIVersion: formatApiVersion(API_VERSION_MIN),
    GitCommit: '',
    GoVersion: `none (Node ${process.version})`,
    Os: 'linux',
    Arch: goArchitecture(),
    KernelVersion: release(),
    BuildTime: '',
  };
  return {
    Platform: { Name: `Berth ${version}` },
    Components: [
      { Name: 'Engine', Version: version, Details: { ...common, Experimental: 'false' } },
      { Name: runtime.name, Version: runtime.version, Details: { GitCommit: '' } },
    ],
    Version: version,
    ...common,
  };
}
