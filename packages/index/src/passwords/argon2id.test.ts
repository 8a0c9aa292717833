import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword, verifyPassword } from './argon2id.ts';

test('hashPassword() gives a new salt and keeps its parameters with the hash', async () => {
  const [one, other] = await Promise.all([hashPassword('a long password'), hashPassword('a long password')]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, other);
});

test('verifyPassword() takes the password it was made of and no other', async () => {
  const stored = await hashPassword('pässwörd 密码');
  assert.equal(await verifyPassword(stored, 'pässwörd 密码'), true);
  assert.equal(await verifyPassword(stored, 'pässwörd 密碼'), false);
  assert.equal(await verifyPassword(stored, ''), false);
});

test('verifyPassword() works with the parameters of the stored hash', async () => {
  const stored = await hashPassword('password');
  const weaker = stored.replace('t=2', 't=1');
  assert.equal(await verifyPassword(weaker, 'password'), false);
});

test('verifyPassword() matches nothing where the stored text is no hash', async () => {
  for (const stored of ['', 'password', '$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA', '$2b$12$abc']) {
    assert.equal(await verifyPassword(stored, 'password'), false);
  }
});
