import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Engine } from '../interface.ts';
import { serveEngine } from './serve.ts';

/** What is refused before the engine is asked for anything; the rest is in tests/engine, with a real one. */
const untouched = new Proxy({} as Engine, {
  get(_target, name) {
    throw new Error(`The engine was asked for ${String(name)}`);
  },
});

describe('serveEngine()', () => {
  it('listens on loopback only, by the very form of the address', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-serve-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    for (const tcp of [
      ...['0.0.0.0:2375', '[::]:2375', '192.0.2.1:2375', 'example.org:2375', 'localhost.example.org:2375'],
      ...[':2375', '2375', '127.0.0.1', '127.0.0.1:x', 'http://127.0.0.1:2375'],
    ]) {
      await assert.rejects(
        serveEngine(untouched, { socketPath: join(folder, 'x.sock'), tcp, onFault: () => {} }),
        { code: 'SOCKET_UNUSABLE', hint: /127\.0\.0\.1:2375/ },
        tcp,
      );
    }
    assert.deepEqual(await readdir(folder), []);
  });

  it('does nothing for a signal that is aborted already', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(
      serveEngine(untouched, { socketPath: '/nowhere/x.sock', signal, onFault: () => {} }),
      {
        name: 'AbortError',
      },
    );
  });
});
