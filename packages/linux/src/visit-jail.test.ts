import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { visitJail, warmThreadPool } from './index.ts';
import { scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';
import type { Seen, Visit } from './visit-jail.child.ts';

const NEEDS = 'it changes the root of a thread';

async function visits(t: TestContext, all: readonly Visit[]): Promise<readonly Seen[]> {
  await warmThreadPool();
  const worker = new Worker(new URL('./visit-jail.child.ts', import.meta.url), {
    workerData: { visits: all },
  });
  const seen: Seen[] = [];
  worker.on('message', (one: Seen) => seen.push(one));
  await new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
  t.diagnostic(`${seen.length} visits`);
  return seen;
}

function makeFolders(t: TestContext): {
  readonly root: (name: string) => string;
  readonly outside: string[];
} {
  const folder = scratchFolder(t);
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'outside');
  const root = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, name), name);
    symlinkSync(secret, join(path, 'absolute'));
    symlinkSync(`${'../'.repeat(30)}${secret}`, join(path, 'relative'));
    symlinkSync(`/proc/self/root${secret}`, join(path, 'proc'));
    for (let fd = 0; fd < 60; fd++) symlinkSync(`/proc/self/fd/${fd}${secret}`, join(path, `fd-${fd}`));
    return path;
  };
  const ways = [
    '/absolute',
    '/relative',
    '/proc',
    `/${'../'.repeat(30)}${secret}`,
    `/proc/self/root${secret}`,
  ];
  const descriptors = Array.from({ length: 60 }, (_, fd) => [
    `/fd-${fd}`,
    `/proc/self/fd/${fd}${secret}`,
  ]).flat();
  return { root, outside: [secret, ...ways, ...descriptors] };
}

test('a worker visits one jail after another, and nothing of the machine is seen in them', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeFolders(t);
  const names = ['one', 'two', 'three'];
  const seen = await visits(
    t,
    names.map((name) => ({ root: root(name), outside })),
  );
  assert.equal(seen.length, 3);
  for (const [at, one] of seen.entries()) {
    assert.ok(
      one.names?.includes(names[at] ?? '') &&
        !names.some((other, index) => index !== at && one.names?.includes(other)),
    );
    assert.ok(
      one.outside?.every((isSeen) => !isSeen),
      JSON.stringify(one.outside),
    );
    assert.deepEqual(
      [one.mode, one.nested, one.isBack, one.umask],
      [0o777, 'JAIL_REFUSED', true, seen[0]?.umask],
    );
  }
  // Neither this thread nor those of the pool were ever inside.
  assert.equal(readFileSync(outside[0] ?? '', 'utf8'), 'outside');
  assert.equal(await readFile(outside[0] ?? '', 'utf8'), 'outside');
});

test('a visit that fails, or that goes nowhere, comes back', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeFolders(t);
  const [first, second, third] = await visits(t, [
    { root: root('one'), outside, fails: true },
    { root: '/no/such/folder', outside },
    { root: root('two'), outside },
  ]);
  assert.deepEqual([first?.error, first?.isBack], ['Error: failed inside', true]);
  assert.equal(second?.error, 'ENOENT');
  assert.ok(third?.names?.includes('two') && third.isBack);
});

test('visitJail() refuses the main thread', async () => {
  await warmThreadPool();
  await assert.rejects(
    visitJail('/tmp', async () => {}),
    { code: 'JAIL_REFUSED' },
  );
});
