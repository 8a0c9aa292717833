import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { absolutePath, baseName, followLinks, followParents } from './resolve-path.ts';

test('absolutePath() keeps what the end of a path means', () => {
  for (const [path, expected] of [
    ['etc', '/etc'],
    ['/etc/', '/etc/'],
    ['/etc/.', '/etc/.'],
    ['/a/../../b', '/b'],
    ['/', '/'],
    ['.', '/.'],
    ['//a//b/', '/a/b/'],
  ] as const) {
    assert.equal(absolutePath(path), expected, path);
  }
});

test('baseName() is Go’s', () => {
  for (const [path, expected] of [
    ['/a/b', 'b'],
    ['/a/', 'a'],
    ['/a/.', '.'],
    ['/', '/'],
  ] as const) {
    assert.equal(baseName(path), expected, path);
  }
});

test('followLinks() follows what is there, and goes on where nothing is', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'berth-links-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'dir'));
  writeFileSync(join(root, 'dir/file'), '');
  symlinkSync('dir', join(root, 'link'));
  symlinkSync('../link/file', join(root, 'dir/up'));
  symlinkSync('nowhere/x', join(root, 'dangling'));
  symlinkSync('circle', join(root, 'circle'));
  assert.equal(followLinks(join(root, 'link/up')), join(root, 'dir/file'));
  assert.equal(followLinks(join(root, 'dangling/y')), join(root, 'nowhere/x/y'));
  assert.equal(followLinks('/../../..'), '/');
  assert.equal(followParents(join(root, 'link')), join(root, 'link'), 'the last name stays');
  assert.equal(followParents(`${join(root, 'link')}/`), join(root, 'dir'), 'unless a slash follows');
  assert.throws(() => followLinks(join(root, 'circle')), { code: 'PATH_REFUSED', message: /too many links/ });
});
