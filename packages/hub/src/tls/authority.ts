/**
 * A local authority and the certificates it signs, as X.509 version 3 with ECDSA on P-256.
 * The two shapes needed here are fixed, so they are written out directly. @see RFC 5280, 4.1
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes } from './address-bytes.ts';
import {
  bitString,
  boolean,
  integer,
  octetString,
  oid,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from './der.ts';

export interface Pem {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 90;
/** A certificate made on a clock that runs ahead is valid for neighbours at once. */
const BACKDATE_MS = DAY_MS;

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';
/** First bits of the KeyUsage bit string, with how many of its byte are unused. @see RFC 5280, 4.2.1.3 */
const KEY_USAGE = {
  digitalSignature: bitString(Buffer.from([0x80]), 7),
  signCertificates: bitString(Buffer.from([0x06]), 1),
};
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** A new authority that may sign servers and no further authorities. */
export function createAuthority(label: string): Pem {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName(`Berth local authority (${label})`);
  const keyId = keyIdentifier(publicKey);
  const cert = certificate({
    subject: name,
    issuer: name,
    days: AUTHORITY_DAYS,
    publicKey,
    signer: privateKey,
    extensions: [
      extension('2.5.29.19', sequence(boolean(true), integer(Buffer.from([0]))), { critical: true }),
      extension('2.5.29.15', KEY_USAGE.signCertificates, { critical: true }),
      extension('2.5.29.14', octetString(keyId)),
    ],
  });
  return { cert, key: privatePem(privateKey) };
}

/** A server certificate for these names and addresses, signed by the authority. */
export function createServerCertificate(authority: Pem, names: readonly string[]): Pem {
  const issuer = new X509Certificate(authority.cert);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const commonName = /^CN=(.*)$/m.exec(issuer.subject)?.[1] ?? '';
  const cert = certificate({
    subject: distinguishedName(names[0] ?? 'localhost'),
    issuer: distinguishedName(commonName),
    days: SERVER_DAYS,
    publicKey,
    signer: createPrivateKey(authority.key),
    extensions: [
      extension('2.5.29.19', sequence(), { critical: true }),
      extension('2.5.29.15', KEY_USAGE.digitalSignature, { critical: true }),
      extension('2.5.29.37', sequence(oid(SERVER_AUTH))),
      extension('2.5.29.17', sequence(...names.map(generalName))),
      extension('2.5.29.35', sequence(tagged(0x80, keyIdentifier(issuer.publicKey)))),
      extension('2.5.29.14', octetString(keyIdentifier(publicKey))),
    ],
  });
  return { cert, key: privatePem(privateKey) };
}

interface CertificateParts {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly days: number;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

function certificate({ subject, issuer, days, publicKey, signer, extensions }: CertificateParts): string {
  const now = Date.now();
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(time(new Date(now - BACKDATE_MS)), time(new Date(now + days * DAY_MS))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const der = sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, signer)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extension(id: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** Common names end at 64 characters. @see RFC 5280, appendix A.1 */
function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(oid(COMMON_NAME), utf8String(commonName.slice(0, 64)))));
}

function generalName(name: string): Buffer {
  return isIP(name) === 0 ? tagged(0x82, Buffer.from(name, 'ascii')) : tagged(0x87, addressBytes(name));
}

/** @see RFC 5280, 4.2.1.2 (1): over the key's bits; over the whole key info is as good an identifier */
function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** Random, positive, 16 bytes, first byte not 0. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
