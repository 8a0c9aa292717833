import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  bindMount,
  createNetworkNamespace,
  insideNetworkNamespace,
  isMountPoint,
  makeNetworkNamespace,
  removeNetworkNamespace,
} from './index.ts';
import { scratchFolder, skipUnlessRoot, skipUnlessUserNamespaces } from './scratch.fixture.ts';

const NEEDS = 'it makes network namespaces';
const SELF = '/proc/thread-self/ns/net';

function namespacePath(t: TestContext, name = 'net'): string {
  const path = join(scratchFolder(t), name);
  t.after(() => removeNetworkNamespace(path));
  return path;
}

test('createNetworkNamespace() makes one with its loopback up, and nobody of ours is in it', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const home = readlinkSync(SELF);
  const path = namespacePath(t);
  await createNetworkNamespace(path);
  assert.equal(readlinkSync(SELF), home);
  for (const task of readdirSync('/proc/self/task')) {
    assert.equal(readlinkSync(`/proc/self/task/${task}/ns/net`), home);
  }
  const inside = (script: string) =>
    execFileSync('nsenter', [`--net=${path}`, 'sh', '-c', script]).toString();
  assert.notEqual(inside('readlink /proc/self/ns/net').trim(), home);
  const script = `tail -n +3 /proc/net/dev | cut -d: -f1; grep -A1 -c 'host LOCAL' /proc/net/fib_trie`;
  const [device, locals] = inside(script).split('\n');
  assert.equal(device?.trim(), 'lo');
  assert.ok(Number(locals) > 0, '127.0.0.1 is there');
});

test('removeNetworkNamespace() takes mount and file away, also when it is bound twice, half-made or gone', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const path = namespacePath(t);
  await createNetworkNamespace(path);
  bindMount(path, path);
  removeNetworkNamespace(path);
  assert.equal(existsSync(path), false);
  removeNetworkNamespace(path);
  writeFileSync(path, '');
  removeNetworkNamespace(path);
  assert.equal(existsSync(path), false);
});

test('removeNetworkNamespace() does not follow a link', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const path = namespacePath(t);
  await createNetworkNamespace(path);
  symlinkSync(path, `${path}-link`);
  removeNetworkNamespace(`${path}-link`);
  assert.equal(existsSync(`${path}-link`), false);
  assert.equal(isMountPoint(path), true);
});

test('makeNetworkNamespace() prepares inside, and after a failure is home again with nothing left', (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const home = readlinkSync(SELF);
  const path = namespacePath(t);
  assert.throws(
    () =>
      makeNetworkNamespace(path, () => {
        assert.notEqual(readlinkSync(SELF), home);
        throw new Error('half-way');
      }),
    /half-way/,
  );
  assert.equal(readlinkSync(SELF), home);
  assert.equal(existsSync(path), false);
  const made = makeNetworkNamespace(path, () => readlinkSync(SELF));
  assert.equal(
    made,
    insideNetworkNamespace(path, () => readlinkSync(SELF)),
  );
  assert.equal(readlinkSync(SELF), home);
});

test('who could not come back is refused before leaving: root of a user namespace', async (t) => {
  if (skipUnlessUserNamespaces(t)) return;
  const path = namespacePath(t);
  const index = new URL('./index.ts', import.meta.url).href;
  const script = `
    const { makeNetworkNamespace } = await import(${JSON.stringify(index)});
    try {
      makeNetworkNamespace(${JSON.stringify(path)}, () => console.log('left'));
    } catch ({ code }) {
      console.log(code);
    }`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const output = execFileSync('unshare', ['--user', '--map-root-user', '--mount', ...node]).toString();
  assert.equal(output, 'EPERM\n');
  assert.equal(existsSync(path), false);
});

test('what is there already is refused and stays', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const path = namespacePath(t);
  await createNetworkNamespace(path);
  const { ino } = statSync(path);
  await assert.rejects(createNetworkNamespace(path), { code: 'EEXIST', class: 'conflict' });
  assert.equal(statSync(path).ino, ino);
  await assert.rejects(createNetworkNamespace(join(path, 'x')), { code: 'ENOTDIR' });
  assert.throws(() => insideNetworkNamespace('/nowhere', () => 1), { code: 'ENOENT' });
  assert.throws(() => insideNetworkNamespace('/proc/version', () => 1), { code: 'EINVAL' });
});

test('insideNetworkNamespace() comes back after an error too, and sockets are of the machine', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const home = readlinkSync(SELF);
  const path = namespacePath(t);
  await createNetworkNamespace(path);
  const seen = insideNetworkNamespace(path, () => Object.keys(networkInterfaces()));
  assert.deepEqual(seen, ['lo']);
  assert.throws(() =>
    insideNetworkNamespace(path, () => {
      throw new Error('inside');
    }),
  );
  assert.equal(readlinkSync(SELF), home);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.close();
});
