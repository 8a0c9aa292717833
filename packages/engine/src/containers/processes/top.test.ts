import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePs } from './top.ts';

const OUTPUT = `UID          PID    PPID  C STIME TTY          TIME CMD
root         100       1  0 14:48 ?        00:00:00 sleep 100
root         101     100  0 14:48 ?        00:00:00 sh -c echo  two   blanks
ada           7       1  0 14:48 ?        00:00:00 other
`;

test('parsePs() keeps the processes of the container, the command in one column', () => {
  const { Titles, Processes } = parsePs(OUTPUT, new Set([100, 101]));
  assert.deepEqual(Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  assert.deepEqual(
    Processes.map((row) => [row[1], row.at(-1)]),
    [
      ['100', 'sleep 100'],
      ['101', 'sh -c echo two blanks'],
    ],
  );
});

test('parsePs() needs the pids to tell whose they are', () => {
  assert.throws(() => parsePs('CMD\nx\n', new Set([1])), { code: 'CONFIG_REFUSED', message: /PID field/ });
});
