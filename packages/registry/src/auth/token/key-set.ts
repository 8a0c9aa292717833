import type { KeyObject } from 'node:crypto';

/** The public keys that may have signed a token; the Index keeps and rotates them. */
export interface KeySet {
  /** @returns `undefined` for a key that is unknown or no longer trusted */
  key(kid: string): Promise<KeyObject | undefined>;
}
