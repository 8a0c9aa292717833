import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { getWindowSize, openTerminal, setWindowSize } from './index.ts';

test('a terminal has two ends and a size that both see', (t) => {
  const { master, slavePath } = openTerminal();
  t.after(() => closeSync(master));
  assert.match(slavePath, /^\/dev\/pts\/\d+$/);
  const slave = openSync(slavePath, 'r+');
  t.after(() => closeSync(slave));
  setWindowSize(master, { columns: 132, rows: 43 });
  assert.deepEqual(getWindowSize(slave), { columns: 132, rows: 43 });
  setWindowSize(master, { columns: 100_000, rows: -1 });
  assert.deepEqual(getWindowSize(slave), { columns: 65_535, rows: 0 });
  assert.match(readFileSync(`/proc/self/fdinfo/${master}`, 'utf8'), /flags:\s+02\d{6}/);
});

test('a program in the terminal sees its size', async (t) => {
  const { master, slavePath } = openTerminal();
  t.after(() => closeSync(master));
  setWindowSize(master, { columns: 91, rows: 17 });
  const slave = openSync(slavePath, 'r+');
  const child = spawn('stty', ['size'], { stdio: [slave, slave, 'inherit'] });
  const exit = once(child, 'exit');
  assert.deepEqual(await exit, [0, null]);
  const bytes = Buffer.alloc(100);
  assert.equal(bytes.toString('utf8', 0, readSync(master, bytes)), '17 91\r\n');
  closeSync(slave);
});

test('what is no terminal has no size', (t) => {
  const fd = openSync('/dev/null', 'r');
  t.after(() => closeSync(fd));
  assert.throws(() => getWindowSize(fd), { code: 'ENOTTY', class: 'unsupported' });
  assert.throws(() => setWindowSize(fd, { columns: 1, rows: 1 }), { code: 'ENOTTY' });
});
