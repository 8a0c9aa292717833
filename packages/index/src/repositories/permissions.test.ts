import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Principal } from '../sessions/principal.ts';
import { TOKEN_SCOPES } from '../tokens/token-scope.ts';
import { parseUserName } from '../users/user-name.ts';
import { allowedActions } from './permissions.ts';

const ALL = ['pull', 'push', 'delete'];

function principal(
  name: string,
  options: Partial<Principal> & { readonly isAdmin?: boolean } = {},
): Principal {
  const { isAdmin = false, scope = 'all' } = options;
  return {
    user: { id: name, name: parseUserName(name), isAdmin, email: undefined, createdAt: new Date(0) },
    scope,
  };
}

function allowed(
  caller: Principal | undefined,
  namespace: string | undefined,
  isPrivate?: boolean,
): string[] {
  return [...allowedActions(caller, { namespace, isPrivate })];
}

test('allowedActions() gives nobody what is private or unknown, and pull of what is public', () => {
  for (const caller of [undefined, principal('bob')]) {
    assert.deepEqual(allowed(caller, 'alice', false), ['pull']);
    assert.deepEqual(allowed(caller, 'alice', true), []);
    assert.deepEqual(allowed(caller, 'alice', undefined), []);
  }
});

test('allowedActions() gives the owner and administrators all, also where nothing is yet', () => {
  for (const caller of [principal('alice'), principal('root', { isAdmin: true })]) {
    for (const isPrivate of [true, false, undefined])
      assert.deepEqual(allowed(caller, 'alice', isPrivate), ALL);
  }
});

test('allowedActions() lets administrators alone write to library', () => {
  assert.deepEqual(allowed(principal('alice'), 'library', false), ['pull']);
  assert.deepEqual(allowed(principal('alice'), 'library', undefined), []);
  assert.deepEqual(allowed(principal('root', { isAdmin: true }), 'library', undefined), ALL);
});

test('allowedActions() gives nobody a name without a namespace or below a reserved one', () => {
  const root = principal('root', { isAdmin: true });
  assert.deepEqual(allowed(root, undefined, false), []);
  assert.deepEqual(allowed(root, 'users', false), []);
});

test('allowedActions() takes away by the scope of an access token', () => {
  const expected = {
    'repo:public_read': { private: [], public: ['pull'] },
    'repo:read': { private: ['pull'], public: ['pull'] },
    'repo:write': { private: ['pull', 'push'], public: ['pull', 'push'] },
    'repo:admin': { private: ALL, public: ALL },
  };
  for (const scope of TOKEN_SCOPES) {
    assert.deepEqual(allowed(principal('alice', { scope }), 'alice', true), expected[scope].private);
    assert.deepEqual(allowed(principal('alice', { scope }), 'alice', false), expected[scope].public);
  }
});

test('allowedActions() never gives an access token more than its user', () => {
  const names = fc.constantFrom('alice', 'bob', 'library', undefined);
  const scopes = fc.constantFrom(...TOKEN_SCOPES);
  const privacy = fc.constantFrom(true, false, undefined);
  fc.assert(
    fc.property(names, scopes, privacy, fc.boolean(), (namespace, scope, isPrivate, isAdmin) => {
      const whole = allowed(principal('alice', { isAdmin }), namespace, isPrivate);
      const part = allowed(principal('alice', { isAdmin, scope }), namespace, isPrivate);
      assert.ok(part.every((action) => whole.includes(action)));
    }),
    { numRuns: process.env.BERTH_SOAK === '1' ? 10_000 : 100 },
  );
});
