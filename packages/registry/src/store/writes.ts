import type { BerthEvent } from '@berth/events';
import type { Digest } from '@berth/oci';
import type { Transaction } from 'kysely';
import type { RegistryTables } from './schema.ts';

/** One transaction, and everything that its steps share. */
export interface Writing {
  readonly trx: Transaction<RegistryTables>;
  readonly emit: (...events: readonly BerthEvent[]) => Promise<void>;
  /** Milliseconds. */
  readonly now: number;
  readonly actor: string;
}

export interface RepositoryRef {
  readonly id: string;
  readonly name: string;
}

/** SQLite takes 32,766 values in one statement; a manifest of 4 MiB can name more blobs than that. */
const VALUES_PER_STATEMENT = 500;

export function inChunks<T>(values: readonly T[]): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  for (let at = 0; at < values.length; at += VALUES_PER_STATEMENT) {
    chunks.push(values.slice(at, at + VALUES_PER_STATEMENT));
  }
  return chunks;
}

/** Those of `digests` that are not among `known`, each once, in the order they came. */
export function without(digests: readonly Digest[], known: ReadonlySet<string>): readonly Digest[] {
  return [...new Set(digests)].filter((digest) => !known.has(digest));
}
