/** What every keeper of leases must do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestBytes } from '@berth/oci';
import type { Leases } from './interface.ts';

export interface LeasesUnderTest extends AsyncDisposable {
  readonly leases: Leases;
  /** Moves the clock that the leases use. */
  advance(ms: number): void;
}

const [A, B, C] = [digestBytes('a'), digestBytes('b'), digestBytes('c')] as const;

export function leasesSuite(name: string, create: () => Promise<LeasesUnderTest>): void {
  describe(`${name} as leases`, () => {
    test('held() gives those of the digests that a lease names', async () => {
      await using given = await create();
      const { leases } = given;
      assert.deepEqual(await leases.held([A, B]), new Set());
      const lease = await leases.acquire({ owner: 'push alice/app', digests: [A, B], ttlMs: 1000 });
      assert.equal(lease.owner, 'push alice/app');
      assert.deepEqual(await leases.held([A, C]), new Set([A]));
      assert.deepEqual(await leases.held([]), new Set());
    });

    test('release() ends a lease, and is no error twice or for an unknown one', async () => {
      await using given = await create();
      const { leases } = given;
      const lease = await leases.acquire({ owner: 'x', digests: [A], ttlMs: 1000 });
      await leases.release(lease.id);
      await leases.release(lease.id);
      await leases.release('there-is-none');
      assert.deepEqual(await leases.held([A]), new Set());
    });

    test('a digest is held as long as one of its leases lives', async () => {
      await using given = await create();
      const { leases } = given;
      const first = await leases.acquire({ owner: 'x', digests: [A], ttlMs: 1000 });
      await leases.acquire({ owner: 'y', digests: [A], ttlMs: 5000 });
      await leases.release(first.id);
      assert.deepEqual(await leases.held([A]), new Set([A]));
      given.advance(5001);
      assert.deepEqual(await leases.held([A]), new Set());
    });

    test('a lease ends by itself, and prune() counts what it forgets', async () => {
      await using given = await create();
      const { leases } = given;
      await leases.acquire({ owner: 'x', digests: [A], ttlMs: 1000 });
      await leases.acquire({ owner: 'y', digests: [B], ttlMs: 9000 });
      assert.equal(await leases.prune(), 0);
      given.advance(1001);
      assert.deepEqual(await leases.held([A, B]), new Set([B]));
      assert.equal(await leases.prune(), 1);
      assert.equal(await leases.prune(), 0);
    });

    test('acquire() with a known id adds digests and never shortens', async () => {
      await using given = await create();
      const { leases } = given;
      const first = await leases.acquire({ id: 'one', owner: 'x', digests: [A], ttlMs: 9000 });
      const second = await leases.acquire({ id: 'one', owner: 'x', digests: [B], ttlMs: 1000 });
      assert.equal(second.id, 'one');
      assert.deepEqual(second.expiresAt, first.expiresAt);
      given.advance(1001);
      assert.deepEqual(await leases.held([A, B]), new Set([A, B]));
      await leases.acquire({ id: 'one', owner: 'x', digests: [], ttlMs: 20_000 });
      given.advance(10_000);
      assert.deepEqual(await leases.held([A, B]), new Set([A, B]));
    });

    test('acquire() with the id of an ended lease begins anew', async () => {
      await using given = await create();
      const { leases } = given;
      await leases.acquire({ id: 'one', owner: 'x', digests: [A], ttlMs: 1000 });
      given.advance(1001);
      await leases.acquire({ id: 'one', owner: 'x', digests: [B], ttlMs: 1000 });
      assert.deepEqual(await leases.held([A, B]), new Set([B]));
    });
  });
}
