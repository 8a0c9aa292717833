import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, probeAddress } from './listener.ts';

const anyPort = { host: '127.0.0.1', port: 0 };

describe('listen()', () => {
  it('says which process has the port and which setting changes it', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    try {
      const taken = probeAddress({ host: '127.0.0.1', port });
      await assert.rejects(taken, (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'PORT_TAKEN');
        assert.match(error.message, new RegExp(`process ${process.pid} \\(node`));
        assert.match(error.hint ?? '', /BERTH_HUB_ADDR/);
        return true;
      });
    } finally {
      holder.close();
    }
  });

  it('says that the machine does not have an address', async () => {
    await assert.rejects(probeAddress({ host: '192.0.2.1', port: 5000 }), { code: 'ADDRESS_UNAVAILABLE' });
  });

  it('closes the port again when what has to run before the first request throws', async () => {
    const failure = new Error('no');
    const failed = listen({
      address: anyPort,
      onRequest: (_req, res) => res.end(),
      beforeFirstRequest: () => {
        throw failure;
      },
    });
    await assert.rejects(failed, failure);
  });

  it('lets a running request end when it is disposed of, and may be disposed of twice', async () => {
    const listener = await listen({
      address: anyPort,
      onRequest: async (_req, res) => {
        await sleep(50);
        res.end('whole');
      },
    });
    const answer = get(listener.address.port);
    await sleep(20);
    await Promise.all([listener[Symbol.asyncDispose](), listener[Symbol.asyncDispose]()]);
    assert.equal(await answer, 'whole');
  });
});

async function get(port: number): Promise<string> {
  const [response] = await once(request({ port, host: '127.0.0.1' }).end(), 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
