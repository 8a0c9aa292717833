import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overrideEnv, processEnv } from './process-env.ts';

const options = { hostname: 'abc', terminal: false, home: '/root' };

test('processEnv() has Docker’s defaults, in Docker’s order', () => {
  assert.deepEqual(processEnv(['A=1'], options), [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOSTNAME=abc',
    'A=1',
    'HOME=/root',
  ]);
  assert.ok(processEnv([], { ...options, terminal: true }).includes('TERM=xterm'));
});

test('processEnv() lets the config override and take away, each name once', () => {
  const env = processEnv(['PATH=/x', 'HOSTNAME', 'HOME=/h', 'A=1', 'A=2', 'B='], options);
  assert.deepEqual(env, ['PATH=/x', 'HOME=/h', 'A=2', 'B=']);
});

test('overrideEnv() keeps values with "=" whole', () => {
  assert.deepEqual(overrideEnv(['A=b=c'], ['D==']), ['A=b=c', 'D==']);
});
