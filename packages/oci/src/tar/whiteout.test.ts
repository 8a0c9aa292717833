import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWhiteout, readWhiteout, whiteoutPath, whiteoutTarget } from './whiteout.ts';

test('readWhiteout() knows every kind of name', () => {
  assert.deepEqual(readWhiteout('a/.wh.b'), { kind: 'whiteout', path: 'a/b' });
  assert.deepEqual(readWhiteout('.wh.b/'), { kind: 'whiteout', path: 'b' });
  assert.deepEqual(readWhiteout('.wh..hidden'), { kind: 'whiteout', path: '.hidden' });
  assert.deepEqual(readWhiteout('a/b/.wh..wh..opq'), { kind: 'opaque', directory: 'a/b' });
  assert.deepEqual(readWhiteout('.wh..wh..opq'), { kind: 'opaque', directory: '.' });
  for (const path of ['.wh..wh.plnk', '.wh..wh.plnk/1.2', '.wh..wh.aufs', '.wh..wh.orph', 'a/.wh..wh.x']) {
    assert.deepEqual(readWhiteout(path), { kind: 'aufs' }, path);
  }
  // The second row: names that would remove the directory itself or its parent.
  for (const path of ['.wh.', 'a/.wh.', '.wh..', '.wh...', 'a/.wh...', '.wh.a/b', '.wh..wh..opq/b']) {
    assert.deepEqual(readWhiteout(path), { kind: 'invalid' }, path);
  }
  for (const path of ['a', 'wh.a', 'a.wh.b', '.wha', 'a/x.wh.', '.']) {
    assert.equal(readWhiteout(path), undefined, path);
  }
});

test('whiteoutPath() and whiteoutTarget() are each other reversed', () => {
  for (const path of ['a', 'a/b', '.a', 'a/..b', 'a/b/c d']) {
    assert.equal(whiteoutTarget(whiteoutPath(path)), path);
    assert.ok(isWhiteout(whiteoutPath(path)));
    assert.equal(whiteoutTarget(path), undefined);
  }
  assert.equal(whiteoutPath('a/b/'), 'a/.wh.b');
  assert.equal(whiteoutTarget('a/.wh..wh..opq'), undefined);
});
