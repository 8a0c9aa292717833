import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { isMarkAlive, processMark } from './process-mark.ts';

test('a mark tells whether its process lives', async () => {
  const mark = processMark();
  assert.match(mark, /^\d+-\d+-\d+$/);
  assert.equal(isMarkAlive(mark), true);
  assert.equal(isMarkAlive(`${mark}-more`), true);
  // The same pid, and another process.
  assert.equal(isMarkAlive(mark.replace(/\d+$/, '1')), false);
  assert.equal(isMarkAlive(mark.replace(/^\d+/, '1')), undefined);
  assert.equal(isMarkAlive('no-mark'), undefined);

  const child = spawn('sleep', ['60']);
  const { pid = 0 } = child;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const its = `${statSync('/proc/self/ns/pid').ino}-${pid}-${startTime}`;
  assert.equal(isMarkAlive(its), true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(isMarkAlive(its), false);
});
