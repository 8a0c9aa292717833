import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Database } from '@berth/db';
import type { KeySet } from '@berth/registry';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { Tables } from '../schema.ts';

const DAY_MS = 86_400_000;
/** A key signs for this long … */
const SIGNS_MS = 90 * DAY_MS;
/** … and is trusted a day longer, which no token outlives. */
const TRUSTED_MS = SIGNS_MS + DAY_MS;

const makeKeyPair = promisify(generateKeyPair);

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly createdAt: number;
}

/**
 * The ES256 keys that sign registry tokens. They live in the database, so that a restart ends no token, and are
 * made anew every 90 days. A key's id is its thumbprint (RFC 7638).
 */
export class SigningKeys implements KeySet {
  readonly #database: Database<Tables>;
  readonly #known = new Map<string, SigningKey>();
  #rotation: Promise<SigningKey> | undefined;

  private constructor(database: Database<Tables>) {
    this.#database = database;
  }

  static async open(database: Database<Tables>): Promise<SigningKeys> {
    const keys = new SigningKeys(database);
    await keys.#load();
    await keys.current();
    return keys;
  }

  /** The key to sign with; makes one when the newest is too old. Calls at the same time share it. */
  async current(): Promise<SigningKey> {
    const newest = this.#newest();
    if (newest !== undefined && Date.now() - newest.createdAt < SIGNS_MS) return newest;
    this.#rotation ??= this.#rotate().finally(() => {
      this.#rotation = undefined;
    });
    return await this.#rotation;
  }

  /** @returns `undefined` for a key that is not ours, or that may no longer have signed anything */
  async key(kid: string): Promise<KeyObject | undefined> {
    const known = this.#known.get(kid) ?? (await this.#loadOne(kid));
    if (known === undefined || Date.now() - known.createdAt > TRUSTED_MS) return undefined;
    return known.publicKey;
  }

  /** The public keys as a JSON Web Key Set (RFC 7517), newest first. */
  publicSet(): { readonly keys: readonly JWK[] } {
    const trusted = [...this.#known.values()].filter(({ createdAt }) => Date.now() - createdAt <= TRUSTED_MS);
    trusted.sort((one, other) => other.createdAt - one.createdAt);
    return {
      keys: trusted.map(({ kid, publicKey }) => ({
        ...(publicKey.export({ format: 'jwk' }) as JWK),
        kid,
        use: 'sig',
        alg: 'ES256',
      })),
    };
  }

  #newest(): SigningKey | undefined {
    let newest: SigningKey | undefined;
    for (const key of this.#known.values()) {
      if (newest === undefined || key.createdAt > newest.createdAt) newest = key;
    }
    return newest;
  }

  async #load(): Promise<void> {
    const rows = await this.#database.read.selectFrom('signing_keys').selectAll().execute();
    for (const row of rows) this.#keep(row);
  }

  /** Another process over the same database may have made a key. */
  async #loadOne(kid: string): Promise<SigningKey | undefined> {
    const row = await this.#database.read
      .selectFrom('signing_keys')
      .selectAll()
      .where('kid', '=', kid)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#keep(row);
  }

  #keep(row: {
    readonly kid: string;
    readonly private_jwk: string;
    readonly created_at: number;
  }): SigningKey {
    const privateKey = createPrivateKey({ key: JSON.parse(row.private_jwk) as JsonWebKey, format: 'jwk' });
    const key = {
      kid: row.kid,
      privateKey,
      publicKey: createPublicKey(privateKey),
      createdAt: row.created_at,
    };
    this.#known.set(key.kid, key);
    return key;
  }

  async #rotate(): Promise<SigningKey> {
    const { privateKey, publicKey } = await makeKeyPair('ec', { namedCurve: 'P-256' });
    const now = Date.now();
    const row = {
      kid: await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK),
      private_jwk: JSON.stringify(privateKey.export({ format: 'jwk' })),
      created_at: now,
    };
    await this.#database.transaction(async (trx) => {
      await trx
        .deleteFrom('signing_keys')
        .where('created_at', '<', now - TRUSTED_MS)
        .execute();
      await trx.insertInto('signing_keys').values(row).execute();
    });
    return this.#keep(row);
  }
}
