import type { ContainerConfig } from '@berth/oci';
import type { ApiContainerConfig, ApiCreateContainer } from '../../api/types.ts';
import { isZero, refused } from './refuse.ts';

/**
 * The caller's config over the image's, by Docker's rules: a caller's entrypoint drops the image's command; environment
 * merges by name, the caller's first; labels, ports and volumes add up.
 *
 * @throws {EngineError} `CONFIG_REFUSED` when nothing says what to run
 */
export function mergeConfig(
  request: ApiCreateContainer,
  image: ContainerConfig | undefined = {},
): ApiContainerConfig {
  const command = mergeCommand(request, image);
  if (command.Entrypoint === null && (command.Cmd ?? []).length === 0) throw refused('no command specified');
  const optional = {
    ExposedPorts: { ...image.ExposedPorts, ...request.ExposedPorts },
    StopSignal: request.StopSignal || image.StopSignal,
    Healthcheck: request.Healthcheck ?? image.Healthcheck,
    Shell: request.Shell ?? image.Shell,
    MacAddress: request.MacAddress,
    StopTimeout: request.StopTimeout,
    NetworkDisabled: request.NetworkDisabled,
  };
  const isGiven = ([name, value]: readonly [string, unknown]) =>
    name === 'StopTimeout' ? value !== undefined && value !== null : !isZero(value);
  return {
    Hostname: request.Hostname ?? '',
    Domainname: request.Domainname ?? '',
    User: request.User || image.User || '',
    AttachStdin: request.AttachStdin ?? false,
    AttachStdout: request.AttachStdout ?? false,
    AttachStderr: request.AttachStderr ?? false,
    Tty: request.Tty ?? false,
    OpenStdin: request.OpenStdin ?? false,
    StdinOnce: request.StdinOnce ?? false,
    Env: emptyAsNull(mergeEnv(request.Env ?? [], image.Env ?? [])),
    ...command,
    Image: request.Image,
    Volumes: emptyAsNull({ ...image.Volumes, ...request.Volumes }),
    WorkingDir: request.WorkingDir || image.WorkingDir || '',
    OnBuild: request.OnBuild ?? null,
    Labels: { ...image.Labels, ...request.Labels },
    ...Object.fromEntries(Object.entries(optional).filter(isGiven)),
  };
}

function mergeCommand(
  request: ApiCreateContainer,
  image: ContainerConfig,
): { readonly Cmd: readonly string[] | null; readonly Entrypoint: readonly string[] | null } {
  const asked = request.Entrypoint ?? null;
  const hasEntrypoint = (asked ?? []).length > 0;
  const ownCommand = (request.Cmd ?? []).length > 0 ? (request.Cmd ?? null) : null;
  const command = ownCommand ?? (hasEntrypoint ? null : emptyAsNull(image.Cmd));
  const entrypoint = hasEntrypoint ? asked : asked === null ? emptyAsNull(image.Entrypoint) : null;
  // `--entrypoint ""` arrives as [""]: no entrypoint, and the image's command is dropped too.
  const isCleared = entrypoint?.length === 1 && entrypoint[0] === '';
  return { Cmd: command, Entrypoint: isCleared ? null : entrypoint };
}

/** Go's nil, which is what clients know. */
function emptyAsNull<T extends object>(value: T | undefined | null): T | null {
  return value === undefined || value === null || Object.keys(value).length === 0 ? null : value;
}

/** Entries without `=` stay: they take a default of ours away (see `processEnv`). */
export function mergeEnv(own: readonly string[], image: readonly string[]): readonly string[] {
  const names = new Set(own.map(envName));
  return [...own, ...image.filter((entry) => !names.has(envName(entry)))];
}

export function envName(entry: string): string {
  const at = entry.indexOf('=');
  return at < 0 ? entry : entry.slice(0, at);
}

/** What runs: `Path` and `Args` of inspect. */
export function commandLine(config: ApiContainerConfig): readonly string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
}
