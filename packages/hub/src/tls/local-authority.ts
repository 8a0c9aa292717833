import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
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

/**
 * The certificate of `BERTH_TLS=auto` for these names: the one of before while it fits, else a new one. The
 * authority is made once; clients that trust it go on trusting every certificate it signs.
 *
 *     tls/ca.crt  ca.key  server.crt  server.key      keys 0600; a pair is replaced key first
 */
export async function localCertificate(folder: string, names: readonly string[]): Promise<LocalCertificate> {
  const authority = await authorityIn(folder);
  const authorityPath = join(folder, 'ca.crt');
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
  try {
    const [cert, key] = await Promise.all([
      readFile(join(folder, `${name}.crt`), 'utf8'),
      readFile(join(folder, `${name}.key`), 'utf8'),
    ]);
    return { cert, key };
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
  {
    await using file = await open(staging, 'w', mode);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(staging, path);
}
