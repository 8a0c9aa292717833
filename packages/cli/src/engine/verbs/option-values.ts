import { isIP } from 'node:net';

/**
 * Values of `run` and `create` as docker's command reads them, before the engine sees them. Each throws an `Error` with docker's
 * words when a value cannot be read.
 */

/** `host:ip`; an equals sign is as good. */
export function addHost(given: string): string {
  const at = given.search(/[:=]/);
  const [host, ip] = [given.slice(0, at), given.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
  if (at < 1) throw new Error(`bad format for add-host: ${JSON.stringify(given)}`);
  if (ip !== 'host-gateway' && isIP(ip) === 0) {
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(ip)}`);
  }
  return `${host}:${ip}`;
}

export function ipAddress(given: string): string {
  if (isIP(given.trim()) === 0) throw new Error(`IP address is not correctly formatted: ${given.trim()}`);
  return given.trim();
}

export function environmentWord(given: string): string {
  if (given === '' || given.startsWith('=')) throw new Error(`invalid environment variable: ${given}`);
  return given;
}

export function sysctl(given: string): readonly [string, string] {
  const at = given.indexOf('=');
  if (at < 1) throw new Error(`sysctl '${given}' is not allowed`);
  return [given.slice(0, at), given.slice(at + 1)];
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** `nofile=1024:2048`, `core=-1`. */
export function ulimit(given: string): Ulimit {
  const at = given.indexOf('=');
  if (at < 0) throw new Error(`invalid ulimit argument: ${given}`);
  const name = given.slice(0, at).toLowerCase();
  const [first = '', second, ...more] = given.slice(at + 1).split(':');
  if (more.length > 0)
    throw new Error(
      `too many limit value arguments - ${given.slice(at + 1)}, can only have up to two, \`soft[:hard]\``,
    );
  const [soft, hard] = [limit(first), limit(second ?? first)];
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}

function limit(text: string): number {
  if (/^-?[0-9]+$/.test(text)) return Number(text);
  throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

export interface Device {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/** `/dev/x`, `/dev/x:/dev/y`, `/dev/x:rw`, `/dev/x:/dev/y:rwm`. */
export function device(given: string): Device {
  const parts = given.split(':');
  const [outside = '', second = '', third] = parts;
  if (parts.length > 3) throw new Error(`invalid device specification: ${given}`);
  if (third !== undefined && !isMode(third)) throw new Error(`bad mode specified: ${third}`);
  if (parts.length === 2 && isMode(second)) {
    return { PathOnHost: outside, PathInContainer: outside, CgroupPermissions: second };
  }
  return { PathOnHost: outside, PathInContainer: second || outside, CgroupPermissions: third ?? 'rwm' };
}

function isMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** `no`, `always`, `on-failure:5`; which names there are the engine knows. */
export function restartPolicy(given: string): { readonly Name: string; readonly MaximumRetryCount: number } {
  if (given === '') return { Name: '', MaximumRetryCount: 0 };
  const [name = '', count, ...more] = given.split(':');
  if (name === '') throw new Error('invalid restart policy format: no policy provided before colon');
  if (more.length > 0) throw new Error('invalid restart policy format');
  if (count !== undefined && !/^-?[0-9]+$/.test(count)) {
    throw new Error('invalid restart policy format: maximum retry count must be an integer');
  }
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}
