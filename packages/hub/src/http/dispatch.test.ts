import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { BaseUrls } from '../listener/base-url.ts';
import { listen } from '../listener/listener.ts';
import { createDispatch } from './dispatch.ts';

const address = { host: '127.0.0.1', port: 0 };
const readsBody: RequestListener = async (req, res) => {
  try {
    res.end(`${(await text(req)).length} bytes`);
  } catch {
    res.destroy();
  }
};

describe('createDispatch()', () => {
  for (const path of ['/sign-in', '/v2/team/app/blobs/uploads/']) {
    it(`does not wait for ever for the body of POST ${path}`, async () => {
      await using listener = await listen({ address, onRequest: dispatch() });
      const socket = connect(listener.address.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n`);
      const drip = setInterval(() => socket.write('x'), 20);
      socket.resume();
      try {
        // Bytes that come too late are answered with a reset: an end as good as any.
        await new Promise((done) => socket.once('close', done));
      } finally {
        clearInterval(drip);
      }
    });
  }

  it('lets a body that comes pass, and a request without one take its time', async () => {
    await using listener = await listen({ address, onRequest: dispatch() });
    const url = `http://127.0.0.1:${listener.address.port}`;
    const posted = await fetch(`${url}/sign-in`, { method: 'POST', body: 'x'.repeat(1000) });
    assert.equal(await posted.text(), '1000 bytes');
    assert.equal(await (await fetch(`${url}/slow`)).text(), 'late');
  });
});

function dispatch(): RequestListener {
  return createDispatch({
    baseUrls: new BaseUrls({ address }),
    isTrustedProxy: () => false,
    // Refuses, and drops what comes, as the registry does.
    registry: (req, res) => {
      res.writeHead(401).end();
      req.resume();
    },
    rest: (req, res) =>
      req.url === '/slow' ? void setTimeout(() => res.end('late'), 300) : void readsBody(req, res),
    bodyTimeoutMs: 100,
  });
}
