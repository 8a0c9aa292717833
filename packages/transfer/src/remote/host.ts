import { isIP } from 'node:net';

/** The registry that a short name means, and the machine that speaks for it. */
const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_ENDPOINT = 'registry-1.docker.io';

/** `host[:port]` to speak to for the registry of a reference. */
export function endpointOf(registry: string): string {
  return registry === DOCKER_HUB || registry === 'index.docker.io' ? DOCKER_HUB_ENDPOINT : registry;
}

/** The host of `host:port`, `[::1]:port`, without brackets. */
export function hostOf(registry: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(registry);
  if (bracketed !== null) return bracketed[1] as string;
  const colon = registry.lastIndexOf(':');
  return colon === -1 ? registry : registry.slice(0, colon);
}

/** True where bytes never leave the machine, so that plain HTTP tells nobody anything. */
export function isLoopback(registry: string): boolean {
  const host = hostOf(registry).toLowerCase();
  if (isIP(host) === 4) return host.startsWith('127.');
  if (isIP(host) === 6) return host === '::1' || host.startsWith('::ffff:127.');
  return host === 'localhost' || host.endsWith('.localhost');
}

/** `true` when plain HTTP is allowed by setting: for all, or for the listed `host[:port]`. */
export type InsecureRegistries = boolean | readonly string[];

export function allowsPlainHttp(registry: string, insecure: InsecureRegistries | undefined): boolean {
  if (isLoopback(registry) || insecure === true) return true;
  if (insecure === undefined || insecure === false) return false;
  return insecure.includes(registry) || insecure.includes(hostOf(registry));
}
