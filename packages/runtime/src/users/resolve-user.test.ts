import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAX_ACCOUNT_FILE_BYTES, RuntimeError, resolveUser } from '../index.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a comment
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
broken line
app:x:1000:1001:App,,,:/home/app:/bin/sh
1234:x:77:78::/home/number:/bin/sh
huge:x:4294967296:0::/:/bin/sh
nohome:x:1002:1002:::
`;
const GROUP = `root:x:0:
daemon:x:1:app
staff:x:50:app,other
app:x:1001:
audio:x:29:other
4242:x:29:
`;

describe('resolveUser()', () => {
  let folder: string;
  let rootfs: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-users-'));
    rootfs = makeRoot('plain', PASSWD, GROUP);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function makeRoot(name: string, passwd?: string, group?: string): string {
    const root = join(folder, name);
    mkdirSync(join(root, 'etc'), { recursive: true });
    if (passwd !== undefined) writeFileSync(join(root, 'etc/passwd'), passwd);
    if (group !== undefined) writeFileSync(join(root, 'etc/group'), group);
    return root;
  }

  const cases = [
    ['', { uid: 0, gid: 0, additionalGids: [0], home: '/root' }],
    ['root', { uid: 0, gid: 0, additionalGids: [0], home: '/root' }],
    ['app', { uid: 1000, gid: 1001, additionalGids: [1001, 1, 50], home: '/home/app' }],
    ['1000', { uid: 1000, gid: 1001, additionalGids: [1001, 1, 50], home: '/home/app' }],
    ['app:audio', { uid: 1000, gid: 29, additionalGids: [29], home: '/home/app' }],
    ['app:50', { uid: 1000, gid: 50, additionalGids: [50], home: '/home/app' }],
    ['app:5000', { uid: 1000, gid: 5000, additionalGids: [5000], home: '/home/app' }],
    ['app:', { uid: 1000, gid: 1001, additionalGids: [1001, 1, 50], home: '/home/app' }],
    [':audio', { uid: 0, gid: 29, additionalGids: [29], home: '/root' }],
    ['555', { uid: 555, gid: 0, additionalGids: [0], home: '/' }],
    ['555:666', { uid: 555, gid: 666, additionalGids: [666], home: '/' }],
    ['nohome', { uid: 1002, gid: 1002, additionalGids: [1002], home: '/' }],
    // A number is a number, whoever is called so.
    ['1234', { uid: 1234, gid: 0, additionalGids: [0], home: '/' }],
    ['2147483647', { uid: 2147483647, gid: 0, additionalGids: [0], home: '/' }],
  ] as const;
  for (const [user, expected] of cases) {
    test(`"${user}"`, () => assert.deepEqual(resolveUser(rootfs, user), expected));
  }

  test('groups are added by name and by number, each once', () => {
    assert.deepEqual(
      resolveUser(rootfs, 'app', ['audio', '4242', '50']).additionalGids,
      [1001, 1, 50, 29, 4242],
    );
    assert.throws(() => resolveUser(rootfs, 'app', ['nosuch']), {
      code: 'USER_UNKNOWN',
      message: 'unable to find group nosuch: no matching entries in group file',
    });
  });

  test('a name that is not there is refused, never root', () => {
    assert.throws(() => resolveUser(rootfs, 'nosuch'), {
      code: 'USER_UNKNOWN',
      message: 'unable to find user nosuch: no matching entries in passwd file',
    });
    assert.throws(() => resolveUser(rootfs, 'app:nosuch'), { code: 'USER_UNKNOWN' });
    assert.throws(() => resolveUser(makeRoot('empty'), 'app'), { code: 'USER_UNKNOWN' });
    // The entry with the overflow is no account.
    assert.throws(() => resolveUser(rootfs, 'huge'), { code: 'USER_UNKNOWN' });
  });

  for (const text of ['4294967296', '2147483648', '18446744073709551616', '-1', '+5', '9'.repeat(400)]) {
    test(`attack 23: "${text.slice(0, 24)}" is out of range, as user, group and added group`, () => {
      const refused = { code: 'USER_OUT_OF_RANGE', message: 'uids and gids must be in range 0-2147483647' };
      assert.throws(() => resolveUser(rootfs, text), refused);
      assert.throws(() => resolveUser(rootfs, `app:${text}`), refused);
      assert.throws(() => resolveUser(rootfs, 'app', [text]), refused);
    });
  }

  test('attack 24: a huge file is refused before it is read, also one that lies about its size', () => {
    const root = makeRoot('large', PASSWD, GROUP);
    truncateSync(join(root, 'etc/passwd'), MAX_ACCOUNT_FILE_BYTES + 1);
    assert.throws(() => resolveUser(root, 'app'), { code: 'ACCOUNT_FILE_REFUSED' });
    const groups = makeRoot('large-group', PASSWD, GROUP);
    truncateSync(join(groups, 'etc/group'), 2 ** 40);
    assert.throws(() => resolveUser(groups, 'app'), { code: 'ACCOUNT_FILE_REFUSED' });
  });

  test('attack 25: a symlinked /etc/passwd is resolved inside the root', () => {
    const outside = join(folder, 'secret-passwd');
    writeFileSync(outside, 'spy:x:0:0::/stolen:/bin/sh\n');
    const root = makeRoot('linked', undefined, GROUP);
    symlinkSync(outside, join(root, 'etc/passwd'));
    assert.throws(() => resolveUser(root, 'spy'), { code: 'USER_UNKNOWN' });
    rmSync(join(root, 'etc/passwd'));
    symlinkSync('../../../../../../etc/real', join(root, 'etc/passwd'));
    writeFileSync(join(root, 'etc/real'), PASSWD);
    assert.equal(resolveUser(root, 'app').uid, 1000);
    rmSync(join(root, 'etc'), { recursive: true });
    symlinkSync(folder, join(root, 'etc'));
    assert.throws(() => resolveUser(root, 'app'), { code: 'USER_UNKNOWN' });
  });

  test('a FIFO, a folder and a magic link of /proc in its place neither hang nor answer', () => {
    const fifo = makeRoot('fifo', undefined, GROUP);
    execFileSync('mkfifo', [join(fifo, 'etc/passwd')]);
    assert.throws(() => resolveUser(fifo, 'app'), { code: 'ACCOUNT_FILE_REFUSED' });
    const dir = makeRoot('dir', undefined, GROUP);
    mkdirSync(join(dir, 'etc/passwd'));
    assert.throws(() => resolveUser(dir, 'app'), { code: 'ACCOUNT_FILE_REFUSED' });
    const magic = makeRoot('magic', undefined, GROUP);
    symlinkSync('/proc/self/root/etc/passwd', join(magic, 'etc/passwd'));
    assert.throws(
      () => resolveUser(magic, 'root'),
      (error) =>
        error instanceof RuntimeError && ['ACCOUNT_FILE_REFUSED', 'USER_UNKNOWN'].includes(error.code),
    );
  });
});
