import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { refuseStrangers } from './callers.ts';

const from = (headers: Record<string, string>) => ({ headers }) as unknown as IncomingMessage;

describe('refuseStrangers()', () => {
  it('lets this machine in', () => {
    for (const host of ['127.0.0.1:2375', 'localhost:2375', '[::1]:2375', 'localhost', '127.1.2.3']) {
      refuseStrangers(from({ host }), 'loopback');
    }
  });

  it('refuses a name bent to loopback (DNS rebinding)', () => {
    for (const host of [
      'evil.example:2375',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
      '192.0.2.1',
      '',
    ]) {
      assert.throws(() => refuseStrangers(from({ host }), 'loopback'), { code: 'CALLER_REFUSED' }, host);
    }
  });

  it('refuses pages in a browser, whatever they call the host', () => {
    for (const headers of [
      { origin: 'http://localhost:2375' },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-origin' },
    ]) {
      const request = from({ host: 'localhost:2375', ...(headers as Record<string, string>) });
      assert.throws(() => refuseStrangers(request, 'loopback'), { class: 'denied' });
    }
  });

  it('asks nothing of who can open the file of the socket', () => {
    refuseStrangers(from({ host: 'anything', origin: 'http://x' }), 'local');
  });
});
