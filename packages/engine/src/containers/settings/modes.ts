import { isIP } from 'node:net';
import type { ApiCreateContainer, ApiHostConfig } from '../../api/types.ts';
import { isZero, notImplemented, refused } from './refuse.ts';

/** `container:<id or name>`. */
export function containerOfMode(mode: string | undefined): string | undefined {
  return mode?.startsWith('container:') ? mode.slice('container:'.length) : undefined;
}

/** Which namespaces it shares, and which options then contradict that. @throws {EngineError} `CONFIG_REFUSED` */
export function validateModes(request: ApiCreateContainer, host: ApiHostConfig): void {
  const { IpcMode = '', PidMode = '', UTSMode = '', CgroupnsMode = '' } = host;
  const isContainer = (mode: string) => (containerOfMode(mode) ?? '') !== '';
  if (!['', 'none', 'private', 'shareable', 'host'].includes(IpcMode) && !isContainer(IpcMode)) {
    throw refused(`invalid IPC mode: ${IpcMode}`);
  }
  if (!['', 'private', 'host'].includes(IpcMode)) {
    throw notImplemented(`The IPC mode "${IpcMode}"`, 'Use --ipc private or host');
  }
  if (!['', 'host'].includes(PidMode) && !isContainer(PidMode)) throw refused(`invalid PID mode: ${PidMode}`);
  if (!['', 'host'].includes(UTSMode)) throw refused(`invalid UTS mode: ${UTSMode}`);
  if (!['', 'host', 'private'].includes(CgroupnsMode)) {
    throw refused(`invalid cgroup namespace mode: ${CgroupnsMode}`);
  }
  if (UTSMode === 'host' && request.Hostname) throw conflict('hostname and the UTS mode');
  validateNetworkMode(request, host);
}

function validateNetworkMode(request: ApiCreateContainer, host: ApiHostConfig): void {
  const { NetworkMode = '' } = host;
  if (
    NetworkMode === 'container:' ||
    (NetworkMode !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.:-]*$/.test(NetworkMode))
  ) {
    throw refused(`invalid network mode: ${NetworkMode}`);
  }
  const isContainer = containerOfMode(NetworkMode) !== undefined;
  if (host.UTSMode === 'host' && NetworkMode === 'host' && request.Hostname) {
    throw conflict('hostname and the network mode');
  }
  if (!isContainer) return;
  if (request.Hostname) throw conflict('hostname and the network mode');
  if (!isZero(host.Dns)) throw conflict('dns and the network mode');
  if (!isZero(host.ExtraHosts)) throw conflict('custom host-to-IP mapping and the network mode');
  if (request.MacAddress) throw conflict('mac-address and the network mode');
  if (!isZero(host.PortBindings) || host.PublishAllPorts === true) {
    throw conflict('port publishing and the container type network mode');
  }
  if (!isZero(request.ExposedPorts)) throw conflict('port exposing and the container type network mode');
}

function conflict(what: string): Error {
  return refused(`conflicting options: ${what}`);
}

/** `--dns`, `--add-host`. */
export function validateNames(host: ApiHostConfig): void {
  for (const server of host.Dns ?? []) {
    if (isIP(server.split('%')[0] ?? '') === 0)
      throw refused(`IP address is not correctly formatted: ${server}`);
  }
  for (const entry of host.ExtraHosts ?? []) {
    const at = entry.search(/[:=]/);
    const name = at < 0 ? '' : entry.slice(0, at);
    const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
    if (name === '' || /\s/.test(name)) throw refused(`bad format for add-host: "${entry}"`);
    if (address !== 'host-gateway' && isIP(address) === 0) {
      throw refused(`invalid IP address in add-host: "${address}"`);
    }
  }
}

/**
 * `NetworkingConfig`: the network of `NetworkMode` may be named once more, with a MAC address; more is for later.
 * @returns what it adds
 */
export function networkingOptions(request: ApiCreateContainer, host: ApiHostConfig): { macAddress?: string } {
  let macAddress = typeof request.MacAddress === 'string' ? request.MacAddress : '';
  const mode = networkName(host.NetworkMode);
  for (const [name, settings] of Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {})) {
    if (networkName(name) !== mode) {
      throw notImplemented(`A container in several networks ("${mode}" and "${name}")`);
    }
    for (const [field, value] of Object.entries((settings ?? {}) as Record<string, unknown>)) {
      if (field === 'MacAddress' && typeof value === 'string' && value !== '') macAddress = value;
      else if (!isZero(value) && !isEmptyIpam(field, value)) {
        throw notImplemented(`The setting "${field}" of the network "${name}"`);
      }
    }
  }
  if (macAddress !== '' && !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(macAddress)) {
    throw refused(`invalid MAC address: ${macAddress}`);
  }
  return macAddress === '' ? {} : { macAddress };
}

function isEmptyIpam(field: string, value: unknown): boolean {
  return field === 'IPAMConfig' && Object.values(value as Record<string, unknown>).every(isZero);
}

/** `default` and none are the bridge. */
export function networkName(mode: string | undefined): string {
  return mode === undefined || mode === '' || mode === 'default' ? 'bridge' : mode;
}
