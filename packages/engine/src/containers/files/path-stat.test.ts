import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goFileMode } from './path-stat.ts';

test('goFileMode() has the bits of Go’s os.FileMode', () => {
  assert.equal(goFileMode({ kind: 'file', mode: 0o644 }), 0o644);
  assert.equal(goFileMode({ kind: 'directory', mode: 0o755 }), 2147484141);
  assert.equal(goFileMode({ kind: 'directory', mode: 0o1777 }), 2148532735);
  assert.equal(goFileMode({ kind: 'symlink', mode: 0o777 }), 134218239);
  assert.equal(goFileMode({ kind: 'file', mode: 0o4755 }), 8389101);
  assert.equal(goFileMode({ kind: 'char', mode: 0o666 }), 69206454);
});
