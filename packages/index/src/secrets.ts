import { createHash, randomBytes } from 'node:crypto';

/** Prefixes let people and secret scanners tell what they have found. */
export const PREFIX_ACCESS_TOKEN = 'brth_pat_';
export const PREFIX_SESSION = 'brth_ses_';
export const PREFIX_REFRESH_TOKEN = 'brth_ref_';

const SECRET_BYTES = 32;

/** An opaque secret of 256 random bits. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/** How a secret is stored: it is random, so a plain hash cannot be turned back. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
