import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { originOf, parseTrustedProxies } from './proxies.ts';

const peer = { address: '10.0.0.1', protocol: 'http' as const };
const isTrusted = parseTrustedProxies(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']);

describe('parseTrustedProxies()', () => {
  it('knows addresses and networks of both families', () => {
    for (const address of ['10.255.0.1', '192.0.2.7', '2001:db8::1'])
      assert.equal(isTrusted(address), true, address);
    for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '', 'unknown']) {
      assert.equal(isTrusted(address), false, address);
    }
  });

  it('trusts nobody without a list', () => {
    assert.equal(parseTrustedProxies([])('127.0.0.1'), false);
  });

  it('refuses what is neither', () => {
    for (const entry of ['nginx', '10.0.0.0/33', '10.0.0.0/', '::1/129', '10.0.0.0/8/8', '10.0.0/8']) {
      assert.throws(() => parseTrustedProxies([entry]), { code: 'PROXY_INVALID' }, entry);
    }
  });
});

describe('originOf()', () => {
  it('does not look at headers of strangers', () => {
    const headers = {
      host: 'a:5000',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
      forwarded: 'host=b',
    };
    assert.deepEqual(originOf(headers, { peer: { address: '11.0.0.1', protocol: 'http' }, isTrusted }), {
      remoteAddress: '11.0.0.1',
      protocol: 'http',
      host: 'a:5000',
      isHostTrusted: false,
    });
  });

  it('takes client, scheme and host from a trusted proxy', () => {
    const headers = {
      host: 'inside:5000',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'hub.example',
    };
    assert.deepEqual(originOf(headers, { peer, isTrusted }), {
      remoteAddress: '1.2.3.4',
      protocol: 'https',
      host: 'hub.example',
      isHostTrusted: true,
    });
  });

  it('believes the chain only up to the first address that is no proxy of ours', () => {
    const headers = { host: 'h', 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.0.0.9' };
    assert.equal(originOf(headers, { peer, isTrusted }).remoteAddress, '1.2.3.4');
  });

  it('takes neither scheme nor host from before the client', () => {
    const apache = { host: 'in', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-host': 'evil, hub.example' };
    assert.equal(originOf(apache, { peer, isTrusted }).host, 'hub.example');
    const appended = {
      host: 'in',
      'x-forwarded-for': '6.6.6.6, 1.2.3.4',
      'x-forwarded-host': 'evil, hub.example',
      'x-forwarded-proto': 'http, https',
    };
    const origin = originOf(appended, { peer, isTrusted });
    assert.deepEqual([origin.host, origin.protocol], ['hub.example', 'https']);
    const forwarded = {
      host: 'in',
      forwarded: 'host=evil;proto=https;for=6.6.6.6, for=1.2.3.4;host=hub.example',
    };
    assert.deepEqual(originOf(forwarded, { peer, isTrusted }), {
      remoteAddress: '1.2.3.4',
      protocol: 'http',
      host: 'hub.example',
      isHostTrusted: true,
    });
  });

  it('takes scheme and host of the outermost proxy of ours', () => {
    const headers = {
      host: 'in',
      'x-forwarded-for': '1.2.3.4, 10.0.0.9',
      'x-forwarded-proto': 'https, http',
      'x-forwarded-host': 'hub.example',
    };
    const origin = originOf(headers, { peer, isTrusted });
    assert.deepEqual([origin.host, origin.protocol], ['hub.example', 'https']);
  });

  it('stops at a hop that hides itself', () => {
    assert.equal(
      originOf({ 'x-forwarded-for': '1.2.3.4, unknown' }, { peer, isTrusted }).remoteAddress,
      '10.0.0.1',
    );
  });

  it('reads RFC 7239 with quotes, ports and IPv6', () => {
    const headers = {
      host: 'x',
      forwarded: 'for="[2001:db9::17]:4711";proto=https;host="hub.example:8443", for=10.0.0.9',
    };
    assert.deepEqual(originOf(headers, { peer, isTrusted }), {
      remoteAddress: '2001:db9::17',
      protocol: 'https',
      host: 'hub.example:8443',
      isHostTrusted: true,
    });
  });

  it('prefers X-Forwarded-* over a Forwarded that the client may have written', () => {
    const headers = { forwarded: 'host=evil', 'x-forwarded-for': '1.2.3.4', host: 'h' };
    assert.equal(originOf(headers, { peer, isTrusted }).host, 'h');
  });

  it('sees IPv4 through an IPv6 socket', () => {
    const mapped = { address: '::ffff:10.0.0.1', protocol: 'http' as const };
    assert.equal(
      originOf({ 'x-forwarded-for': '1.2.3.4' }, { peer: mapped, isTrusted }).remoteAddress,
      '1.2.3.4',
    );
  });
});
