import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { createAuthority, createServerCertificate, type Pem } from './authority.ts';

/** A certificate with less than this left is made anew. */
const RENEW_BEFORE_MS = 30 * 24 * 3600 * 1000;

export interface LocalCertificate extends Pem {
  /** The authority's certificate, which clients have to trust. */
  readonly authorityPath: string;
}

export interface LocalCertificateOptions {
  readonly names: readonly string[];
  /** Where a copy of the authority's certificate is kept for everybody to read. */
  readonly authorityPath: string;
}

/**
 * The certificate of `BERTH_TLS=auto` for these names: the one of before while it fits, else a new one. The
 * authority is made once; clients that trust it go on trusting every certificate it signs.
 *
 *     tls/ca.crt  ca.key  server.crt  server.key      keys 0600; a pair is replaced key first
 */
export async function localCertificate(
  folder: string,
  options: LocalCertificateOptions,
): Promise<LocalCertificate> {
  const { names, authorityPath } = options;
  const authority = await authorityIn(folder);
  if ((await readOrNothing(authorityPath)) !== authority.cert) {
    await writeDurably(authorityPath, { text: authority.cert, mode: 0o644 });
  }
  const present = await readPair(folder, 'server');
  if (present !== undefined && fits(present, { authority, names })) return { ...present, authorityPath };
  const made = createServerCertificate(authority, names);
  await writePair(folder, { name: 'server', pair: made });
  return { ...made, authorityPath };
}

async function authorityIn(folder: string): Promise<Pem> {
  const present = await readPair(folder, 'ca');
  if (present !== undefined && isPair(present)) return present;
  const made = createAuthority(hostname());
  await writePair(folder, { name: 'ca', pair: made });
  return made;
}

function fits(pair: Pem, { authority, names }: { authority: Pem; names: readonly string[] }): boolean {
  if (!isPair(pair)) return false;
  const cert = new X509Certificate(pair.cert);
  const endsIn = new Date(cert.validTo).getTime() - Date.now();
  const isSigned = cert.verify(new X509Certificate(authority.cert).publicKey);
  const hasNames = names.every(
    (name) => (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined,
  );
  return isSigned && hasNames && endsIn > RENEW_BEFORE_MS;
}

/** A crash between the two files leaves a key of the new and a certificate of the old pair. */
export function isPair({ cert, key }: Pem): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

async function readPair(folder: string, name: string): Promise<Pem | undefined> {
  const cert = await readOrNothing(join(folder, `${name}.crt`));
  const key = await readOrNothing(join(folder, `${name}.key`));
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writePair(folder: string, { name, pair }: { name: string; pair: Pem }): Promise<void> {
  await writeDurably(join(folder, `${name}.key`), { text: pair.key, mode: 0o600 });
  await writeDurably(join(folder, `${name}.crt`), { text: pair.cert, mode: 0o644 });
}

async function writeDurably(path: string, { text, mode }: { text: string; mode: number }): Promise<void> {
  const staging = `${path}.new`;
  // Made exclusively: root must not write through a link that somebody put there.
  await rm(staging, { force: true });
  {
    await using file = await open(staging, 'wx', mode);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(staging, path);
}
