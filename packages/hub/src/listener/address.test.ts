import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress, isLoopback, parseListenAddress } from './address.ts';

describe('parseListenAddress()', () => {
  it('reads names, IPv4 and IPv6 in brackets, and formats them back', () => {
    for (const text of ['127.0.0.1:5000', '[::1]:5000', 'hub.example.org:443', '0.0.0.0:0']) {
      assert.equal(formatAddress(parseListenAddress(text)), text);
    }
  });

  it('refuses what is not host:port with the value and an example', () => {
    for (const text of [
      '5000',
      '127.0.0.1',
      '::1:5000',
      '127.0.0.1:99999',
      '[127.0.0.1]:5000',
      'http://x:1',
      'a b:1',
      '',
    ]) {
      assert.throws(
        () => parseListenAddress(text),
        { code: 'ADDRESS_INVALID', hint: /127\.0\.0\.1:5000/ },
        text,
      );
    }
  });
});

describe('isLoopback()', () => {
  it('goes by form, never by what a name resolves to', () => {
    for (const host of [
      'localhost',
      'LOCALHOST',
      'a.localhost',
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '::ffff:127.0.0.1',
    ]) {
      assert.equal(isLoopback(host), true, host);
    }
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'localhost.example.org', '127.example.org', '::2']) {
      assert.equal(isLoopback(host), false, host);
    }
  });
});
