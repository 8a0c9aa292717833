import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRepositoryName } from '@berth/oci';
import { RESERVED_NAMESPACES } from '@berth/registry';
import fc from 'fast-check';
import { parseUserName } from './user-name.ts';

const REFUSED = { code: 'USER_NAME_INVALID', class: 'invalidArgument', detail: { field: 'username' } };

test('parseUserName() takes what can be the first part of a repository name', () => {
  for (const name of [
    'al',
    'alice',
    'admin',
    'root',
    'build-bot',
    'a.b',
    'a__b',
    'a_b',
    '4711',
    'x--y',
    'a'.repeat(39),
  ]) {
    assert.equal(parseUserName(name), name);
    assert.ok(isRepositoryName(`${name}/app`));
  }
});

test('parseUserName() refuses bad grammar and bad lengths', () => {
  for (const name of [
    '',
    'a',
    'Alice',
    'a b',
    'a/b',
    '-a',
    'a-',
    'a..b',
    'a___b',
    'ä'.repeat(3),
    'a'.repeat(40),
    '..',
  ]) {
    assert.throws(() => parseUserName(name), REFUSED, name);
  }
});

test('parseUserName() refuses every reserved namespace, library and localhost', () => {
  for (const name of [...RESERVED_NAMESPACES, 'library', 'localhost', 'system', 'anonymous']) {
    assert.throws(() => parseUserName(name), REFUSED, name);
  }
});

test('parseUserName() never takes a name that is no repository segment', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'z', '0', '-', '_', '.', '/', 'A', ' '),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (name) => {
      try {
        parseUserName(name);
      } catch {
        return;
      }
      assert.ok(isRepositoryName(name));
      assert.ok(!name.includes('/'));
    }),
    { numRuns: process.env.BERTH_SOAK === '1' ? 10_000 : 100 },
  );
});
