import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unpack } from './unpack.ts';

async function* once(bytes: Uint8Array) {
  yield bytes;
}

test('unpack() stops at what grows without measure and lets small things be', async () => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const sizes = async (alwaysBytes?: number) => {
    const options = { what: 'a layer', ...(alwaysBytes === undefined ? {} : { alwaysBytes }) };
    let size = 0;
    for await (const chunk of unpack(once(bomb), options)) size += chunk.length;
    return size;
  };
  assert.equal(await sizes(), 8 * 1024 * 1024);
  await assert.rejects(sizes(1024 * 1024), { code: 'COMPRESSION_INVALID', message: /200 times/ });
});

test('unpack() passes plain bytes of any size', async () => {
  const bytes = Buffer.alloc(1024 * 1024);
  const got = await Array.fromAsync(unpack(once(bytes), { what: 'a layer', alwaysBytes: 0 }));
  assert.equal(Buffer.concat(got).length, bytes.length);
});
