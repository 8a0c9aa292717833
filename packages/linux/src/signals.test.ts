import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignal, SIGNALS } from './index.ts';

test('parseSignal() takes names with and without SIG in any case, numbers, and real-time signals', () => {
  const cases = {
    ...{ SIGTERM: 15, TERM: 15, term: 15, sigkill: 9, 15: 15, 1: 1, 64: 64, CHLD: 17, SIGCLD: 17, IO: 29 },
    ...{
      RTMIN: 34,
      SIGRTMIN: 34,
      'RTMIN+3': 37,
      'SIGRTMIN+15': 49,
      'RTMAX-14': 50,
      'SIGRTMAX-1': 63,
      rtmax: 64,
    },
  };
  for (const [text, signal] of Object.entries(cases)) assert.equal(parseSignal(text), signal, text);
});

test('parseSignal() gives nothing for what is no signal', () => {
  const none = ['', '0', '65', '-9', '9.5', '1e1', ' 9', 'SIG', 'NOPE', 'SIGSIGTERM', 'RTMIN+16', 'toString'];
  for (const text of none) assert.equal(parseSignal(text), undefined, text);
});

test('SIGNALS has 1 to 31 and 34 to 64', () => {
  const numbers = new Set(Object.values(SIGNALS));
  for (let signal = 1; signal <= 64; signal++) {
    assert.equal(numbers.has(signal), signal < 32 || signal > 33, `signal ${signal}`);
  }
});
