import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { effectiveCapabilities, kernelRelease, knownFileSystems } from './index.ts';

test('kernelRelease() is what uname says', () => {
  const { text, major, minor } = kernelRelease();
  assert.equal(text, execFileSync('uname', ['-r']).toString().trim());
  assert.ok(text.startsWith(`${major}.${minor}`));
  assert.ok(major >= 4);
});

test('knownFileSystems() has those of every kernel', () => {
  const known = knownFileSystems();
  for (const name of ['proc', 'sysfs', 'tmpfs']) assert.ok(known.has(name), name);
  assert.equal(known.has('nodev'), false);
  assert.equal(known.has(''), false);
});

test('effectiveCapabilities() names what this process may', () => {
  const capabilities = effectiveCapabilities();
  for (const name of capabilities) assert.match(name, /^CAP_[A-Z_]+$/);
  if (process.getuid?.() === 0) assert.ok(capabilities.has('CAP_CHOWN'));
  else assert.equal(capabilities.has('CAP_SYS_ADMIN'), false);
});
