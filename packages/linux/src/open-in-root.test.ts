import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type OpenInRootOptions, openInRoot } from './index.ts';
import { scratchFolder } from './scratch.fixture.ts';

/** A root with `etc/passwd` of its own; whoever reads another has left it. */
function makeRoot(t: TestContext): { root: string; read(path: string, options?: OpenInRootOptions): string } {
  const folder = scratchFolder(t);
  const root = join(folder, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'inside');
  writeFileSync(join(folder, 'etc/passwd'), 'outside');
  writeFileSync(join(folder, 'secret'), 'outside');
  return {
    root,
    read(path, options) {
      const fd = openInRoot(root, path, options);
      try {
        return readFileSync(fd, 'utf8');
      } finally {
        closeSync(fd);
      }
    },
  };
}

test('openInRoot() keeps absolute paths, dots and every link inside the root', (t) => {
  const { root, read } = makeRoot(t);
  symlinkSync('/etc/passwd', join(root, 'absolute'));
  symlinkSync('../../../etc/passwd', join(root, 'dots'));
  symlinkSync('/', join(root, 'top'));
  symlinkSync('../secret', join(root, 'leak'));
  for (const path of ['etc/passwd', '/etc/passwd', '../../etc/passwd', '/etc/../../etc/passwd']) {
    assert.equal(read(path), 'inside', path);
  }
  for (const path of ['absolute', 'dots', 'top/etc/passwd', 'top/../top/absolute']) {
    assert.equal(read(path), 'inside', path);
  }
  assert.throws(() => read('leak'), { code: 'ENOENT' });
  assert.throws(() => read('../secret'), { code: 'ENOENT' });
});

test('openInRoot() refuses the magic links of /proc, and a link at the end with noFollow', (t) => {
  const { root, read } = makeRoot(t);
  const outside = openInRoot(join(root, '..'), 'secret');
  t.after(() => closeSync(outside));
  assert.throws(() => openInRoot('/', `/proc/self/fd/${outside}`), { code: 'ELOOP' });
  symlinkSync('etc/passwd', join(root, 'link'));
  assert.equal(read('link'), 'inside');
  assert.throws(() => read('link', { noFollow: true }), { code: 'ELOOP' });
  symlinkSync('loop', join(root, 'loop'));
  assert.throws(() => read('loop'), { code: 'ELOOP' });
});

test('openInRoot() makes files with a mode, wants a folder when told, and closes on exec', (t) => {
  const { root, read } = makeRoot(t);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const fd = openInRoot(root, '/etc/new', { flags, mode: 0o600 });
  assert.equal(fstatSync(fd).mode & 0o777, 0o600);
  assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\s+0?2\d{6}/);
  assert.equal(readlinkSync(`/proc/self/fd/${fd}`), join(root, 'etc/new'));
  closeSync(fd);
  assert.throws(() => read('etc/new', { flags }), { code: 'EEXIST' });
  assert.throws(() => read('etc/passwd', { directory: true }), { code: 'ENOTDIR' });
  closeSync(openInRoot(root, 'etc', { directory: true }));
  assert.throws(() => openInRoot(join(root, 'nowhere'), 'x'), { code: 'ENOENT', message: /open the root/ });
});

test('openInRoot() is not led out by somebody who renames meanwhile', async (t) => {
  const { root, read } = makeRoot(t);
  mkdirSync(join(root, 'a/b/c/d'), { recursive: true });
  const flips = `
    const { renameSync } = require('node:fs');
    const { workerData: root } = require('node:worker_threads');
    for (const end = Date.now() + 700; Date.now() < end; ) {
      renameSync(root + '/a/b/c', root + '/../moved');
      renameSync(root + '/../moved', root + '/a/b/c');
    }`;
  const worker = new Worker(flips, { eval: true, workerData: root });
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  let isOver = false;
  void exit.then(() => {
    isOver = true;
  });
  let tries = 0;
  while (!isOver) {
    for (let n = 0; n < 200; n++, tries++) {
      try {
        assert.equal(read('a/b/c/d/../../../../../../etc/passwd'), 'inside');
      } catch (error) {
        if (!['ENOENT', 'EAGAIN'].includes((error as { code: string }).code)) throw error;
      }
    }
    await new Promise(setImmediate);
  }
  assert.equal(await exit, 0);
  assert.ok(tries > 1000, `only ${tries} tries`);
  renameSync(join(root, 'a'), join(root, 'b'));
});
