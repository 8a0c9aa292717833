import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseRepositoryName } from '@berth/oci';
import { createTestTokens, ISSUER, SERVICE } from '../../testing/test-tokens.ts';
import type { Access } from '../interface.ts';
import { VerifiedTokens } from './verified-tokens.ts';

it('VerifiedTokens remembers what clients show again and again, and no token that is large', async () => {
  const { keys, sign } = createTestTokens();
  const tokens = new VerifiedTokens({ issuer: ISSUER, service: SERVICE, keys, capacity: 2 });
  const access = Array.from(
    { length: 60 },
    (_, index): Access => ({
      type: 'repository',
      name: parseRepositoryName(`alice/${index}`),
      action: 'pull',
    }),
  );
  const [large, ...small] = await Promise.all([sign(access), sign([]), sign([]), sign([])]);
  for (const token of [large, ...small]) assert.equal((await tokens.verify(token))?.subject, 'alice');
  const remembered = [large, ...small].map((token) => tokens.peek(token) !== undefined);
  assert.deepEqual(remembered, [false, false, true, true]);
});
