import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Passwords } from './passwords.ts';

test('Passwords.matches() says no for a user who does not exist, whatever the password', async () => {
  const passwords = await Passwords.create();
  assert.equal(await passwords.matches('', undefined), false);
  assert.equal(await passwords.matches('anything at all', undefined), false);
});

test('Passwords.matches() remembers a right password for its stored hash alone', async () => {
  const passwords = await Passwords.create();
  const stored = await passwords.hashNew('correct horse', { user: 'alice' });
  assert.equal(await passwords.matches('correct horse', stored), true);
  assert.equal(await passwords.matches('correct horse', stored), true);
  assert.equal(await passwords.matches('correct house', stored), false);
  const changed = await passwords.hashNew('battery staple', { user: 'alice' });
  assert.equal(await passwords.matches('correct horse', changed), false);
});

test('Passwords.hashNew() refuses what is too short, too long, or the user name', async () => {
  const passwords = await Passwords.create();
  const refused = { code: 'PASSWORD_INVALID', class: 'invalidArgument', detail: { field: 'password' } };
  for (const password of ['', '12345678', 'ä'.repeat(8), 'x'.repeat(1025), '密'.repeat(342)]) {
    await assert.rejects(passwords.hashNew(password, { user: 'alice' }), refused);
  }
  await assert.rejects(passwords.hashNew('Long-Name', { user: 'long-name' }), refused);
  assert.match(await passwords.hashNew('x'.repeat(1024), { user: 'alice' }), /^\$argon2id/);
});

test('Passwords.matches() does not hash a password of a megabyte', async () => {
  const passwords = await Passwords.create();
  const stored = await passwords.hashNew('correct horse', { user: 'alice' });
  assert.equal(await passwords.matches('x'.repeat(1_000_000), stored), false);
});
