import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRepositoryName, parseRepositoryName } from './repository-name.ts';
import { isTag, parseTag } from './tag.ts';

test('isRepositoryName() follows the grammar of the specification', () => {
  for (const name of ['a', '0', 'a/b/c', 'a.b_c__d-e---f', 'a'.repeat(255), 'library/debian', '1.2.3/4']) {
    assert.ok(isRepositoryName(name), name);
    assert.equal(parseRepositoryName(name), name);
  }
  const wrong = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'A',
    'a b',
    'a___b',
    'a..b',
    'a_-b',
    '_a',
    'a.',
    'é',
    'a\n',
    'a'.repeat(256),
    'a/../b',
  ];
  for (const name of wrong) assert.equal(isRepositoryName(name), false, name);
});

test('parseRepositoryName() says which rule is broken and what would do', () => {
  const cases: [string, RegExp, RegExp][] = [
    ['', /it is empty/, /Use segments/],
    ['Team/App', /upper case/, /Use "team\/app"/],
    ['/team//app/', /begins or ends with "\/"/, /Use "team\/app"/],
    ['team//app', /empty segment/, /Use "team\/app"/],
    ['team/-app', /"-app" must begin and end with a letter or digit/, /Use segments/],
    ['a.._b', /separators side by side/, /Use segments/],
    ['team/a+b', /character "\+" is not allowed/, /Use segments/],
    ['team/a b', /a space is not allowed/, /Use segments/],
    ['team/a\u0000b', /U\+0000 is not allowed/, /Use segments/],
    ['a'.repeat(300), /300 characters, at most 255/, /Use segments/],
  ];
  for (const [name, message, hint] of cases) {
    assert.throws(
      () => parseRepositoryName(name),
      { name: 'OciError', code: 'NAME_INVALID', message, hint },
      name,
    );
  }
});

test('parseRepositoryName() takes no long time for hostile names', () => {
  for (const name of ['a-'.repeat(127), `${'a'.repeat(254)}!`, '_'.repeat(255), 'a__'.repeat(85)]) {
    assert.throws(() => parseRepositoryName(name), { code: 'NAME_INVALID' });
  }
  assert.throws(() => parseRepositoryName('a-'.repeat(1_000_000)), { code: 'NAME_INVALID' });
});

test('parseTag() takes 1 to 128 characters of the grammar', () => {
  for (const tag of ['latest', '_', '1.0-rc.1', 'A'.repeat(128), '__x']) assert.equal(parseTag(tag), tag);
  const wrong: [string, RegExp][] = [
    ['', /empty/],
    ['.a', /begins with "\."/],
    ['-a', /begins with "-"/],
    ['a b', /character/],
    ['a/b', /character/],
    ['a\n', /character/],
    ['é', /character/],
    ['A'.repeat(129), /129 characters/],
  ];
  for (const [tag, message] of wrong) {
    assert.equal(isTag(tag), false);
    assert.throws(() => parseTag(tag), { code: 'TAG_INVALID', message }, tag);
  }
});
