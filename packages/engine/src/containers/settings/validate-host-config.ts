import type { ApiCreateContainer, ApiHostConfig } from '../../api/types.ts';
import { parseCapabilities } from './capabilities.ts';
import { refuseUnknownFields, validateTypes } from './host-config-fields.ts';
import { rlimits, validateSysctls } from './limits-and-sysctls.ts';
import { logSettings } from './log-config.ts';
import { validateModes, validateNames } from './modes.ts';
import { exposedPorts, portRequests } from './ports.ts';
import { refused } from './refuse.ts';
import { type Machine, validateResources } from './resources.ts';
import { parseSecurityOptions } from './security.ts';

/**
 * Everything about the host's side that can be wrong without looking at images, volumes and other containers.
 * @throws {EngineError} `CONFIG_REFUSED`, `NOT_IMPLEMENTED`
 */
export function validateHostConfig(
  request: ApiCreateContainer,
  options: { readonly machine: Machine; readonly runtimeName: string },
): void {
  const host: ApiHostConfig = request.HostConfig ?? {};
  validateTypes(host);
  refuseUnknownFields(host);
  validateModes(request, host);
  validateNames(host);
  validateResources(host, options.machine);
  parseCapabilities(host.CapAdd, 'CapAdd');
  parseCapabilities(host.CapDrop, 'CapDrop');
  parseSecurityOptions(host.SecurityOpt);
  rlimits(host.Ulimits);
  validateSysctls(host);
  logSettings(host.LogConfig, '');
  exposedPorts(request);
  portRequests(request, host);
  validateDevices(host);
  validateStorageOptions(host);
  validateCgroupParent(host);
  const { Runtime = '' } = host;
  if (Runtime !== '' && Runtime !== options.runtimeName) {
    throw refused(`unknown or invalid runtime name: ${Runtime}`);
  }
}

function validateDevices(host: ApiHostConfig): void {
  for (const { PathOnHost, PathInContainer = PathOnHost, CgroupPermissions = 'rwm' } of host.Devices ?? []) {
    if (typeof PathOnHost !== 'string' || !PathOnHost.startsWith('/')) {
      throw refused(`invalid device path on the host: ${PathOnHost}`);
    }
    if (typeof PathInContainer !== 'string' || !(PathInContainer || PathOnHost).startsWith('/')) {
      throw refused(`invalid device path in the container: ${PathInContainer}`);
    }
    if (!/^(?!.*(.).*\1)[rwm]{0,3}$/.test(CgroupPermissions)) {
      throw refused(`invalid device cgroup permissions: ${CgroupPermissions}`);
    }
  }
  for (const rule of host.DeviceCgroupRules ?? []) {
    if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(rule)) {
      throw refused(`invalid device cgroup rule format: '${rule}'`);
    }
  }
}

function validateStorageOptions(host: ApiHostConfig): void {
  for (const name of Object.keys(host.StorageOpt ?? {})) {
    if (name !== 'size') throw refused(`unknown storage option: ${name}`);
  }
  storageSize(host);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `--storage-opt size=10G` in bytes. */
export function storageSize(host: Pick<ApiHostConfig, 'StorageOpt'>): number | undefined {
  const text = host.StorageOpt?.size;
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const size = Math.floor(Number(match?.[1]) * (UNITS[match?.[2]?.toLowerCase() ?? ''] ?? 1));
  if (match === null || size <= 0) throw refused(`invalid size: '${text}'`);
  return size;
}

function validateCgroupParent({ CgroupParent = '' }: ApiHostConfig): void {
  if (CgroupParent.split('/').includes('..')) throw refused(`invalid cgroup parent: ${CgroupParent}`);
}
