import { parseSignal } from '@berth/linux';
import type { ApiCreateContainer } from '../../api/types.ts';
import { envName } from './merge-config.ts';
import { isZero, notImplemented, refused } from './refuse.ts';

/** Fields of the container's own config that Berth has, or that say nothing on Linux. */
const KNOWN = new Set([
  'Image',
  'Hostname',
  'Domainname',
  'User',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'ExposedPorts',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'Env',
  'Cmd',
  'Entrypoint',
  'Volumes',
  'WorkingDir',
  'OnBuild',
  'Labels',
  'StopSignal',
  'StopTimeout',
  'Shell',
  'ArgsEscaped',
  'MacAddress',
  'HostConfig',
  'NetworkingConfig',
  'Healthcheck',
  'NetworkDisabled',
]);

/**
 * The caller's own config; what comes from the image is not judged here (its user is resolved when it starts).
 * @throws {EngineError} `CONFIG_REFUSED`, `NOT_IMPLEMENTED`
 */
export function validateConfig(request: ApiCreateContainer): void {
  for (const [name, value] of Object.entries(request)) {
    if (!KNOWN.has(name) && !isZero(value)) throw notImplemented(`The setting "${name}" of a container`);
  }
  validateTypes(request);
  validateHealthcheck(request.Healthcheck);
  const { Env, WorkingDir, StopSignal, Hostname, StopTimeout } = request;
  for (const entry of Env ?? []) {
    if (envName(entry) === '') throw refused(`invalid environment variable: ${entry}`);
    if (entry.includes('\0')) throw refused(`invalid environment variable: ${JSON.stringify(entry)}`);
  }
  if (WorkingDir && !WorkingDir.startsWith('/')) {
    throw refused(`the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (StopSignal && parseSignal(StopSignal) === undefined) throw refused(`invalid signal: ${StopSignal}`);
  if (Hostname && (Buffer.byteLength(Hostname) > 64 || /[\s/]/.test(Hostname))) {
    throw refused(`invalid hostname format: ${Hostname}`);
  }
  if (StopTimeout !== undefined && StopTimeout !== null && !Number.isInteger(StopTimeout)) {
    throw refused('StopTimeout must be a whole number of seconds');
  }
}

/** `NONE` switches the image's off, which is how it is here anyway. */
function validateHealthcheck(healthcheck: ApiCreateContainer['Healthcheck']): void {
  if (isZero(healthcheck)) return;
  const { Test, ...rest } = healthcheck as { readonly Test?: readonly string[] };
  if (Test?.[0] === 'NONE') return;
  if (!isZero(Test) || Object.values(rest).some((value) => !isZero(value))) {
    throw notImplemented('A health check set with the container', 'Leave the --health-… options away');
  }
}

const STRINGS = ['Image', 'Hostname', 'Domainname', 'User', 'WorkingDir', 'StopSignal'] as const;
const LISTS = ['Env', 'Cmd', 'Entrypoint'] as const;
const OBJECTS = ['ExposedPorts', 'Volumes', 'Labels', 'HostConfig', 'NetworkingConfig'] as const;

/** JSON from a socket can be anything. */
function validateTypes(request: ApiCreateContainer): void {
  for (const name of STRINGS) {
    const value: unknown = request[name];
    if (value !== undefined && value !== null && typeof value !== 'string') throw wrongType(name, 'a string');
  }
  for (const name of LISTS) {
    const value: unknown = request[name];
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
    if (value !== undefined && value !== null && !isList) throw wrongType(name, 'a list of strings');
    if (isList && name !== 'Env' && value.some((item: string) => item.includes('\0'))) {
      throw refused(`${name} has a NUL byte`);
    }
  }
  for (const name of OBJECTS) {
    const value: unknown = request[name];
    if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value))) {
      throw wrongType(name, 'an object');
    }
  }
  for (const [name, value] of Object.entries(request.Labels ?? {})) {
    if (typeof value !== 'string') throw wrongType(`Labels.${name}`, 'a string');
  }
}

function wrongType(name: string, expected: string): Error {
  return refused(`invalid JSON: ${name} must be ${expected}`);
}
