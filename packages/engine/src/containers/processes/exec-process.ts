import { effectiveCapabilities as ownCapabilities } from '@berth/linux';
import { capabilitySets, type OciProcess, resolveUser, toOciUser } from '@berth/runtime';
import type { Container } from '../container.ts';
import { hostnameOf } from '../lifecycle/container-spec.ts';
import { effectiveCapabilities, parseCapabilities } from '../settings/capabilities.ts';
import { rlimits } from '../settings/limits-and-sysctls.ts';
import { parseSecurityOptions } from '../settings/security.ts';
import type { Exec } from './execs.ts';
import { overrideEnv, processEnv } from './process-env.ts';

/**
 * The process of an exec: the container's environment, folder, limits and rights, unless it asks for others.
 *
 * @param rootfs the container's root as it sees it now: who its users are is read there
 */
export function execProcess(
  container: Container,
  exec: Exec,
  options: { readonly rootfs: string; readonly consoleSize?: readonly [number, number] | undefined },
): OciProcess {
  const { config, hostConfig } = container.settings;
  const { User = '', Privileged = false, Env, WorkingDir = '', Cmd } = exec.config;
  const user = resolveUser(
    options.rootfs,
    User || config.User || '',
    User ? [] : (hostConfig.GroupAdd ?? []),
  );
  const available = ownCapabilities();
  const capabilities = effectiveCapabilities({
    add: parseCapabilities(hostConfig.CapAdd, 'CapAdd'),
    drop: parseCapabilities(hostConfig.CapDrop, 'CapDrop'),
    isPrivileged: Privileged || hostConfig.Privileged === true,
    available,
  });
  const size = options.consoleSize ?? exec.config.ConsoleSize;
  return {
    terminal: exec.tty,
    ...(exec.tty && size !== undefined && size[0] > 0 && size[1] > 0
      ? { consoleSize: { height: size[0], width: size[1] } }
      : {}),
    user: toOciUser(user),
    args: Cmd,
    env: processEnv(overrideEnv(config.Env ?? [], Env ?? []), {
      hostname: hostnameOf(container),
      terminal: exec.tty,
      home: user.home,
    }),
    cwd: WorkingDir || config.WorkingDir || '/',
    capabilities: capabilitySets(capabilities, { capabilities: available }),
    ...((hostConfig.Ulimits ?? []).length > 0 ? { rlimits: rlimits(hostConfig.Ulimits) } : {}),
    noNewPrivileges: parseSecurityOptions(hostConfig.SecurityOpt).noNewPrivileges,
    ...(hostConfig.OomScoreAdj ? { oomScoreAdj: hostConfig.OomScoreAdj } : {}),
  };
}
