import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { BaseUrls } from './base-url.ts';

const loopback = { host: '127.0.0.1', port: 5000 };
const direct = (host: string | undefined) => ({
  remoteAddress: '127.0.0.1',
  protocol: 'http' as const,
  host,
  isHostTrusted: false,
});

describe('BaseUrls.of()', () => {
  it('echoes loopback names with the port that the client used', () => {
    const urls = new BaseUrls({ address: loopback });
    for (const host of ['localhost:5000', '127.0.0.1:5000', '[::1]:8080', 'hub.localhost']) {
      assert.equal(urls.of(direct(host)), `http://${host}`);
    }
  });

  it('refuses names that nobody gave it', () => {
    const urls = new BaseUrls({ address: loopback });
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'localhost@evil.example',
      'a/b',
      '192.0.2.1:5000',
      '',
    ]) {
      assert.throws(() => urls.of(direct(host)), { code: 'HOST_UNKNOWN', hint: /BERTH_HUB_URL/ }, host);
    }
  });

  it('always answers with the configured URL, and knows its host', () => {
    const urls = new BaseUrls({ url: 'https://hub.example:8443/', address: loopback });
    for (const host of ['hub.example:8443', 'HUB.example', 'localhost:5000']) {
      assert.equal(urls.of(direct(host)), 'https://hub.example:8443');
    }
    assert.throws(() => urls.of(direct('evil.example')), { code: 'HOST_UNKNOWN' });
  });

  it("believes a trusted proxy's name, but only when it is one", () => {
    const urls = new BaseUrls({ address: loopback });
    const told = { ...direct('registry.example'), protocol: 'https' as const, isHostTrusted: true };
    assert.equal(urls.of(told), 'https://registry.example');
    assert.throws(() => urls.of({ ...told, host: 'a b' }), { code: 'HOST_UNKNOWN' });
  });

  it('knows this machine when it listens everywhere', () => {
    const urls = new BaseUrls({ address: { host: '0.0.0.0', port: 5000 } });
    assert.equal(urls.of(direct(`${hostname()}:5000`)), `http://${hostname().toLowerCase()}:5000`);
  });

  it('falls back on the address for a client that names no host', () => {
    assert.equal(new BaseUrls({ address: loopback }).of(direct(undefined)), 'http://127.0.0.1:5000');
  });
});
