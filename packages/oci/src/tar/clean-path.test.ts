import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanEntryPath } from './clean-path.ts';

test('cleanEntryPath() gives one relative form', () => {
  const cases = [
    ['a', 'a'],
    ['./a', 'a'],
    ['/a/b/', 'a/b'],
    ['//a//b', 'a/b'],
    ['a/./b/.', 'a/b'],
    ['a/../b', 'b'],
    ['', '.'],
    ['.', '.'],
    ['./', '.'],
    ['/', '.'],
    ['a/..', '.'],
    ['a\\..\\b', 'a\\..\\b'],
    ['...', '...'],
    ['..a/b..', '..a/b..'],
  ] as const;
  for (const [path, expected] of cases) assert.deepEqual(cleanEntryPath(path), { path: expected }, path);
});

test('cleanEntryPath() refuses what leaves the root', () => {
  for (const path of ['..', '../a', '/../a', 'a/../../b', './..', 'a/b/../../..', '/..', '../rootfs2/x']) {
    assert.deepEqual(cleanEntryPath(path), { refused: 'escapes' }, path);
  }
  assert.deepEqual(cleanEntryPath('a\0b'), { refused: 'nul' });
});

test('cleanEntryPath() of a clean path changes nothing', () => {
  const part = fc.constantFrom('a', '.', '..', '', 'b c', '...');
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const clean = cleanEntryPath(parts.join('/'));
      if ('path' in clean) assert.deepEqual(cleanEntryPath(clean.path), clean);
    }),
  );
});
