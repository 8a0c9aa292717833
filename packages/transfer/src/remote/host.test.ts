import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowsPlainHttp, endpointOf, hostOf, isLoopback } from './host.ts';

test('isLoopback() is true for this machine alone', () => {
  for (const here of [
    'localhost',
    'localhost:5000',
    'LOCALHOST:1',
    '127.0.0.1:5000',
    '127.9.9.9',
    '[::1]:5000',
    'hub.localhost:5000',
  ]) {
    assert.equal(isLoopback(here), true, here);
  }
  for (const away of [
    'example.org',
    '10.0.0.1:5000',
    '[2001:db8::1]:5000',
    'localhost.example.org',
    '127.example.org',
    '0.0.0.0:5000',
  ]) {
    assert.equal(isLoopback(away), false, away);
  }
});

test('allowsPlainHttp() needs loopback or a setting', () => {
  assert.equal(allowsPlainHttp('localhost:5000', undefined), true);
  assert.equal(allowsPlainHttp('hub.example:5000', undefined), false);
  assert.equal(allowsPlainHttp('hub.example:5000', false), false);
  assert.equal(allowsPlainHttp('hub.example:5000', true), true);
  assert.equal(allowsPlainHttp('hub.example:5000', ['hub.example:5000']), true);
  assert.equal(allowsPlainHttp('hub.example:5000', ['hub.example']), true);
  assert.equal(allowsPlainHttp('hub.example:5000', ['hub.example:5001', 'ample:5000']), false);
});

test('endpointOf() knows where Docker’s own name leads', () => {
  assert.equal(endpointOf('docker.io'), 'registry-1.docker.io');
  assert.equal(endpointOf('localhost:5000'), 'localhost:5000');
  assert.equal(hostOf('[::1]:5000'), '::1');
});
