import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { lingerWhileSending } from './linger.ts';

test('lingerWhileSending() lets a client send to the end, and closes then', async () => {
  const server = createServer((req, res) => {
    lingerWhileSending(req, res);
    // As an endpoint that has begun to read, and found what it does not want.
    req.once('data', () => {
      req.pause();
      res.writeHead(400, { 'content-length': 3 });
      res.end('no\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    for (let turn = 0; turn < 5; turn += 1) {
      const { port } = server.address() as AddressInfo;
      const sent = request({ port, method: 'POST', agent: false });
      const failures: unknown[] = [];
      sent.on('error', (error) => failures.push(error));
      sent.end(Buffer.alloc(16 * 1024 * 1024));
      const [response] = await once(sent, 'response');
      assert.equal(response.statusCode, 400);
      response.resume();
      await once(sent, 'close');
      assert.deepEqual(failures, []);
    }
  } finally {
    server.close();
    await once(server, 'close');
  }
});
