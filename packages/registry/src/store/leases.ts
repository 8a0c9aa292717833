import { randomUUID } from 'node:crypto';
import type { Leases } from '@berth/content';
import type { Digest } from '@berth/oci';
import type { RegistryStore } from './registry-store.ts';
import { inChunks } from './writes.ts';

const SYSTEM = { actor: 'system' } as const;

/** Leases as rows: they hold across restarts and for every process at the same database. */
export function createLeases(
  store: RegistryStore,
  clock: () => number = () => store.database.now().getTime(),
): Leases {
  return {
    async acquire({ id = randomUUID(), owner, digests, ttlMs }) {
      return store.write(async ({ trx }) => {
        const known = await trx
          .selectFrom('leases')
          .select('expires_at')
          .where('id', '=', id)
          .executeTakeFirst();
        const now = clock();
        const hasEnded = known !== undefined && known.expires_at <= now;
        if (hasEnded) await trx.deleteFrom('leases').where('id', '=', id).execute();
        const expiresAt = Math.max(now + ttlMs, hasEnded ? 0 : (known?.expires_at ?? 0));
        await trx
          .insertInto('leases')
          .values({ id, owner, expires_at: expiresAt })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ owner, expires_at: expiresAt }))
          .execute();
        for (const chunk of inChunks([...new Set(digests)])) {
          await trx
            .insertInto('lease_digests')
            .values(chunk.map((digest) => ({ lease_id: id, digest })))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        return { id, owner, expiresAt: new Date(expiresAt) };
      }, SYSTEM);
    },

    async release(id) {
      await store.write(({ trx }) => trx.deleteFrom('leases').where('id', '=', id).execute(), SYSTEM);
    },

    async held(digests) {
      const held = new Set<Digest>();
      const now = clock();
      for (const chunk of inChunks(digests)) {
        const rows = await store.database.read
          .selectFrom('lease_digests as d')
          .innerJoin('leases as l', 'l.id', 'd.lease_id')
          .select('d.digest')
          .where('d.digest', 'in', chunk)
          .where('l.expires_at', '>', now)
          .execute();
        for (const row of rows) held.add(row.digest as Digest);
      }
      return held;
    },

    async prune() {
      return store.write(async ({ trx }) => {
        const result = await trx.deleteFrom('leases').where('expires_at', '<=', clock()).executeTakeFirst();
        return Number(result.numDeletedRows);
      }, SYSTEM);
    },
  };
}
