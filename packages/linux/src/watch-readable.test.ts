import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeNode, watchReadable } from './index.ts';
import { scratchFolder } from './scratch.fixture.ts';

/** Both ends of a FIFO, non-blocking. */
function openFifo(t: TestContext): { read: number; write: number } {
  const path = join(scratchFolder(t), 'fifo');
  makeNode(path, { type: 'fifo', mode: 0o600 });
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  return { read, write };
}

test('watchReadable() calls while there is something to read, and at the end of the other side', async (t) => {
  const { read, write } = openFifo(t);
  const seen: string[] = [];
  const bytes = Buffer.alloc(4);
  const done = Promise.withResolvers<void>();
  const watch = watchReadable(read, () => {
    const length = readSync(read, bytes);
    seen.push(bytes.toString('utf8', 0, length));
    if (length === 0) done.resolve();
  });
  await sleep(10);
  assert.deepEqual(seen, []);
  writeSync(write, 'abcdefgh');
  await sleep(10);
  closeSync(write);
  await done.promise;
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
  closeSync(read);
  assert.deepEqual(seen, ['abcd', 'efgh', '']);
});

test('watchReadable() is silent while paused, and nothing is lost', async (t) => {
  const { read, write } = openFifo(t);
  let calls = 0;
  const bytes = Buffer.alloc(100);
  const watch = watchReadable(read, () => {
    calls++;
    readSync(read, bytes);
  });
  watch.pause();
  writeSync(write, 'x');
  await sleep(20);
  assert.equal(calls, 0);
  watch.resume();
  watch.resume();
  await sleep(20);
  assert.equal(calls, 1);
  watch[Symbol.dispose]();
  watch.resume();
  writeSync(write, 'x');
  await sleep(20);
  assert.equal(calls, 1);
  closeSync(read);
  closeSync(write);
});

test('a watch keeps the process alive, and a disposed one does not', () => {
  const index = JSON.stringify(new URL('./index.ts', import.meta.url).href);
  const run = (rest: string) => {
    const script = `
      const { openTerminal, watchReadable } = await import(${index});
      const { master } = openTerminal();
      const watch = watchReadable(master, () => {});
      ${rest}`;
    return execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
    }).toString();
  };
  const wait = `setTimeout(() => { console.log('alive'); watch[Symbol.dispose](); }, 100).unref();`;
  assert.equal(run(wait), 'alive\n');
  assert.equal(run(`watch[Symbol.dispose](); ${wait}`), '');
});
