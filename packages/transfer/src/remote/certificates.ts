import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { hasCode } from '@berth/errors';

export interface TlsOptions {
  /** More authorities to trust, PEM. */
  readonly ca?: readonly string[];
  /** Folders that hold `<host:port>/*.crt`; default: those of docker and podman. */
  readonly certificateFolders?: readonly string[];
}

/** Where docker and podman look, the user's own folder first. @see docs of both: "certs.d" */
export function defaultCertificateFolders(): readonly string[] {
  return [
    join(homedir(), '.config/containers/certs.d'),
    '/etc/containers/certs.d',
    join(homedir(), '.docker/certs.d'),
    '/etc/docker/certs.d',
  ];
}

interface FoundCertificates {
  readonly ca: string[];
  readonly clients: { readonly cert: string; readonly key: string }[];
}

/**
 * Everything a connection to `registry` trusts: Node's authorities, the system's, the folders', the setting's.
 * `*.crt` is an authority, `*.cert` with the `*.key` beside it is what we show of ourselves.
 */
export async function secureContextFor(registry: string, tls: TlsOptions = {}): Promise<SecureContext> {
  const found: FoundCertificates = { ca: [...(tls.ca ?? [])], clients: [] };
  for (const folder of tls.certificateFolders ?? defaultCertificateFolders()) {
    await readFolder(join(folder, registry), found);
  }
  const authorities = new Set([...getCACertificates('default'), ...getCACertificates('system'), ...found.ca]);
  const client = found.clients[0];
  return createSecureContext({ ca: [...authorities], ...(client === undefined ? {} : client) });
}

async function readFolder(folder: string, found: FoundCertificates): Promise<void> {
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return [];
    throw error;
  });
  for (const name of names.sort()) {
    const text = /\.(crt|cert)$/.test(name) ? await readText(join(folder, name)) : undefined;
    if (text === undefined) continue;
    if (name.endsWith('.crt')) found.ca.push(text);
    else {
      const key = await readText(join(folder, `${name.slice(0, -'.cert'.length)}.key`));
      if (key !== undefined) found.clients.push({ cert: text, key });
    }
  }
}

/** The folders of dockerd hold keys that root alone may read: for others they are as good as not there. */
async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error) && ['ENOENT', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  });
}
