import { isIP } from 'node:net';
import { HubError } from '../errors.ts';

export interface ListenAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** @throws {HubError} `ADDRESS_INVALID` */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535 || (match?.[1] !== undefined && isIP(host) !== 6)) {
    throw new HubError('ADDRESS_INVALID', `Cannot listen on "${text}": expected host:port`, {
      hint: 'Write it like 127.0.0.1:5000 or [::1]:5000',
    });
  }
  return { host, port };
}

export function formatAddress({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Loopback by its very form; a name that only resolves to it does not count. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return isIP(name) === 4 ? name.startsWith('127.') : name === '::1' || name.startsWith('::ffff:127.');
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
