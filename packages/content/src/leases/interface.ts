/**
 * The contract of leases: "I am about to use this blob, do not take it away".
 *
 * A lease names digests, has an owner (for people) and ends by itself. Whoever removes bytes asks `held` first;
 * whoever is about to refer to a blob (a push that was told "that one is here already") takes a lease.
 * A lease protects bytes only; it grants nobody the right to read them.
 *
 * Example
 *
 *     const lease = await leases.acquire({ owner: 'push alice/app', digests, ttlMs: 3_600_000 });
 *     …
 *     await leases.release(lease.id);
 *
 * Every implementation runs `leasesSuite` (testsuite.ts).
 */
import type { Digest } from '@berth/oci';

export interface Lease {
  readonly id: string;
  readonly owner: string;
  readonly expiresAt: Date;
}

export interface Leases {
  /** Idempotent per `id`: the digests are added to it and its end is moved to the later one. */
  acquire(options: {
    /** Default: a new random one. */
    readonly id?: string;
    readonly owner: string;
    readonly digests: readonly Digest[];
    readonly ttlMs: number;
  }): Promise<Lease>;
  /** Unknown and ended leases are no error. */
  release(id: string): Promise<void>;
  /** Those of `digests` that a living lease names. */
  held(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** Forgets ended leases. @returns how many */
  prune(): Promise<number>;
}
