import { randomUUID } from 'node:crypto';
import type { Digest } from '@berth/oci';
import type { Lease, Leases } from './interface.ts';

interface Held {
  readonly owner: string;
  readonly digests: Set<Digest>;
  expiresAtMs: number;
}

/**
 * Leases that end with the process, for one process that owns its store alone.
 *
 * @param options.clock gives the time in milliseconds; default: the system's
 */
export function createMemoryLeases(options: { readonly clock?: () => number } = {}): Leases {
  const clock = options.clock ?? Date.now;
  const leases = new Map<string, Held>();

  return {
    async acquire({ id = randomUUID(), owner, digests, ttlMs }): Promise<Lease> {
      const expiresAtMs = clock() + ttlMs;
      const known = leases.get(id);
      const isAlive = known !== undefined && known.expiresAtMs > clock();
      const lease = isAlive ? known : { owner, digests: new Set<Digest>(), expiresAtMs };
      lease.expiresAtMs = Math.max(lease.expiresAtMs, expiresAtMs);
      for (const digest of digests) lease.digests.add(digest);
      leases.set(id, lease);
      return { id, owner: lease.owner, expiresAt: new Date(lease.expiresAtMs) };
    },
    async release(id) {
      leases.delete(id);
    },
    async held(digests) {
      const living = [...leases.values()].filter((lease) => lease.expiresAtMs > clock());
      return new Set(digests.filter((digest) => living.some((lease) => lease.digests.has(digest))));
    },
    async prune() {
      const ended = [...leases].filter(([, lease]) => lease.expiresAtMs <= clock());
      for (const [id] of ended) leases.delete(id);
      return ended.length;
    },
  };
}
