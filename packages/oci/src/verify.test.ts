import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestBytes } from './digest.ts';
import { gatherChunks, peekBytes } from './streams.ts';
import { readAll, verifyStream } from './verify.ts';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('verifyStream() passes right bytes on, in any chunks and both algorithms', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array(),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('sha256', 'sha512'),
      async (bytes, size, algorithm) => {
        const digest = digestBytes(bytes, algorithm);
        for (const expected of [{ digest }, { digest, size: bytes.length }]) {
          assert.deepEqual(
            Buffer.concat(await Array.fromAsync(verifyStream(cut(bytes, size), expected))),
            Buffer.from(bytes),
          );
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('verifyStream() tells too few, too many and other bytes', async () => {
  const bytes = Buffer.from('0123456789');
  const digest = digestBytes(bytes);
  const drain = (source: Uint8Array, size?: number) =>
    Array.fromAsync(verifyStream(cut(source, 3), { digest, ...(size === undefined ? {} : { size }) }));
  await assert.rejects(drain(bytes.subarray(0, 9), 10), {
    code: 'SIZE_MISMATCH',
    message: /expected 10 bytes, got 9$/,
  });
  await assert.rejects(drain(bytes, 5), {
    code: 'SIZE_MISMATCH',
    message: /expected 5 bytes, got at least 6$/,
  });
  await assert.rejects(drain(Buffer.from('012345678X'), 10), {
    code: 'DIGEST_MISMATCH',
    message: new RegExp(`expected digest "${digest}", got "sha256:`),
  });
  await assert.rejects(drain(bytes.subarray(1)), { code: 'DIGEST_MISMATCH' });
});

test('verifyStream() passes no byte too many on and closes the source', async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(4);
    } finally {
      isClosed = true;
    }
  }
  let passed = 0;
  await assert.rejects(
    async () => {
      for await (const chunk of verifyStream(endless(), { digest: digestBytes(''), size: 10 }))
        passed += chunk.length;
    },
    { code: 'SIZE_MISMATCH' },
  );
  assert.deepEqual([passed, isClosed], [8, true]);
});

test('readAll() gathers up to its limit and stops there', async () => {
  const bytes = Buffer.from('0123456789');
  assert.deepEqual(Buffer.from(await readAll(cut(bytes, 3), { maxSizeBytes: 10, what: 'manifest' })), bytes);
  await assert.rejects(readAll(cut(bytes, 3), { maxSizeBytes: 9, what: 'manifest' }), {
    code: 'SIZE_MISMATCH',
    message: /manifest.* more than 9 bytes/,
  });
  assert.equal((await readAll(cut(Buffer.alloc(0), 3), { maxSizeBytes: 0, what: 'x' })).byteLength, 0);
});

test('peekBytes() and gatherChunks() change no byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array(),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(20),
      async (bytes, size, length) => {
        const { firstBytes, stream } = await peekBytes(cut(bytes, size), length);
        assert.ok(firstBytes.byteLength >= Math.min(length, bytes.length));
        const chunks = await Array.fromAsync(gatherChunks(stream, length));
        assert.deepEqual(Buffer.concat(chunks), Buffer.from(bytes));
        assert.ok(chunks.slice(0, -1).every((chunk) => chunk.byteLength >= length));
      },
    ),
    { numRuns: 100 },
  );
});
