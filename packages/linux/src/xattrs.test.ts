import assert from 'node:assert/strict';
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { getXattr, listXattrs, removeXattr, setXattr } from './index.ts';
import { scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

test('attributes are set, listed, read, replaced and removed, any bytes', (t) => {
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, '');
  const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  setXattr(path, 'user.binary', binary);
  setXattr(path, 'user.empty', new Uint8Array());
  assert.deepEqual(listXattrs(path).sort(), ['user.binary', 'user.empty']);
  assert.deepEqual(getXattr(path, 'user.binary'), binary);
  assert.deepEqual(getXattr(path, 'user.empty'), Buffer.alloc(0));
  setXattr(path, 'user.binary', Buffer.from('new'));
  assert.equal(String(getXattr(path, 'user.binary')), 'new');
  removeXattr(path, 'user.binary');
  removeXattr(path, 'user.binary');
  assert.deepEqual(listXattrs(path), ['user.empty']);
  assert.equal(getXattr(path, 'user.binary'), undefined);
});

test('a value that was read stays what it was', (t) => {
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, '');
  setXattr(path, 'user.a', Buffer.from('first'));
  const first = getXattr(path, 'user.a');
  setXattr(path, 'user.a', Buffer.from('other'));
  assert.equal(String(getXattr(path, 'user.a')), 'other');
  assert.equal(String(first), 'first');
});

test('attributes of a symbolic link are its own', (t) => {
  if (skipUnlessRoot(t, 'it sets trusted attributes')) return;
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('file', join(folder, 'link'));
  setXattr(join(folder, 'link'), 'trusted.a', Buffer.from('link'));
  assert.equal(String(getXattr(join(folder, 'link'), 'trusted.a')), 'link');
  assert.equal(getXattr(join(folder, 'file'), 'trusted.a'), undefined);
  assert.throws(() => setXattr(join(folder, 'link'), 'user.a', Buffer.from('x')), {
    code: 'EPERM',
    class: 'denied',
  });
});

test('where there are no attributes there is nothing to read, and setting is refused', () => {
  assert.deepEqual(listXattrs('/proc/version'), []);
  assert.equal(getXattr('/proc/version', 'user.a'), undefined);
  assert.throws(() => setXattr('/proc/version', 'user.a', Buffer.from('x')), { code: 'EOPNOTSUPP' });
  assert.throws(() => listXattrs('/nowhere'), { code: 'ENOENT' });
  assert.throws(() => getXattr('/nowhere', 'user.a'), { code: 'ENOENT' });
  assert.throws(() => removeXattr('/nowhere', 'user.a'), { code: 'ENOENT' });
});

test('a NUL in the name of an attribute is refused and cuts nothing off', (t) => {
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, '');
  assert.throws(() => setXattr(path, 'user.a\0b', Buffer.from('x')), { code: 'EINVAL' });
  assert.deepEqual(listXattrs(path), []);
  assert.ok(readdirSync(join(path, '..')).length === 1);
});
