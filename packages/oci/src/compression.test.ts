import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { compress, decompress, detectCompression } from './compression.ts';
import { canLendGunzip } from './lent-gunzip.ts';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** As a lender does it: what was given out before is overwritten when the next chunk is asked for. */
async function* lent(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Uint8Array.from(bytes.subarray(at, at + size));
    yield chunk;
    chunk.fill(0xaa);
  }
}

async function allLent(packed: Uint8Array, size: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of decompress(lent(packed, size), { isLent: true })) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

const invalid = { name: 'OciError', code: 'COMPRESSION_INVALID' };
const text = Buffer.from('the quick brown fox '.repeat(50));
const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
const withChecksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

test('detectCompression() goes by the first bytes', () => {
  assert.equal(detectCompression(gzipSync(text)), 'gzip');
  assert.equal(detectCompression(zstdCompressSync(text)), 'zstd');
  assert.equal(detectCompression(skippable), 'zstd');
  assert.equal(detectCompression(Buffer.from('bin/')), 'none');
  assert.equal(detectCompression(Buffer.from([0x1f, 0x8b])), 'none');
  assert.equal(detectCompression(new Uint8Array()), 'none');
});

test('decompress() reads what Node writes, in any chunks, and compress() is read by Node', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 5000 }),
      fc.integer({ min: 1, max: 700 }),
      async (bytes, size) => {
        for (const packed of [
          gzipSync(bytes),
          zstdCompressSync(bytes),
          zstdCompressSync(bytes, withChecksum),
        ]) {
          assert.deepEqual(await all(decompress(cut(packed, size))), Buffer.from(bytes));
        }
        assert.deepEqual(gunzipSync(await all(compress(cut(bytes, size), 'gzip'))), Buffer.from(bytes));
        assert.deepEqual(
          zstdDecompressSync(await all(compress(cut(bytes, size), 'zstd'))),
          Buffer.from(bytes),
        );
      },
    ),
    { numRuns: process.env.BERTH_SOAK ? 500 : 25 },
  );
});

test('decompress() joins members and frames at every cut, skippable frames are passed over', async () => {
  const twice = Buffer.concat([text, text]);
  const gzip = Buffer.concat([gzipSync(text), gzipSync(text)]);
  const zstd = Buffer.concat([
    skippable,
    zstdCompressSync(text),
    skippable,
    zstdCompressSync(text, withChecksum),
    skippable,
  ]);
  for (const packed of [gzip, zstd]) {
    for (let size = 1; size <= packed.length; size++) {
      assert.deepEqual(await all(decompress(cut(packed, size))), twice, `chunks of ${size}`);
    }
  }
});

test('decompress() refuses truncation at every byte and rubbish after the end', async () => {
  for (const packed of [gzipSync(text), zstdCompressSync(text, withChecksum)]) {
    for (let length = 4; length < packed.length; length++) {
      await assert.rejects(all(decompress(cut(packed.subarray(0, length), 7))), invalid, `${length} bytes`);
    }
    for (const rubbish of [
      Buffer.from('x'),
      Buffer.from('rubbish'),
      Buffer.alloc(3),
      Buffer.alloc(9000),
      Buffer.from('\0\0x'),
    ]) {
      for (const size of [5, packed.length, 100_000]) {
        await assert.rejects(all(decompress(cut(Buffer.concat([packed, rubbish]), size))), invalid);
      }
    }
    const damaged = Buffer.from(packed);
    damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 0xff;
    await assert.rejects(all(decompress(cut(damaged, 7))), invalid);
  }
});

test('decompress() gives large chunks and passes uncompressed bytes on unchanged', async () => {
  const big = Buffer.alloc(3_000_000, 'all work and no play ');
  for (const packed of [gzipSync(big), zstdCompressSync(big)]) {
    const chunks = await Array.fromAsync(decompress(cut(packed, 16_384)));
    assert.ok(chunks.slice(0, -1).every((chunk) => chunk.byteLength >= 65_536));
    assert.deepEqual(Buffer.concat(chunks), big);
  }
  assert.deepEqual(await all(decompress(cut(text, 3))), text);
  assert.deepEqual(await all(decompress(cut(new Uint8Array(), 3))), Buffer.alloc(0));
});

test('decompress() closes its source when the consumer stops, and passes its errors on', async () => {
  for (const packed of [gzipSync(Buffer.alloc(900_000)), zstdCompressSync(Buffer.alloc(900_000)), text]) {
    let isClosed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* cut(packed, 10);
      } finally {
        isClosed = true;
      }
    }
    for await (const chunk of decompress(source())) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
    assert.equal(isClosed, true);

    async function* failing(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 10);
      throw new RangeError('the disk is gone');
    }
    await assert.rejects(all(decompress(failing())), RangeError);
  }
});

test('decompress() ends with an AbortError', async () => {
  const controller = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield gzipSync(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  setImmediate(() => controller.abort());
  await assert.rejects(all(decompress(endless(), { signal: controller.signal })), { name: 'AbortError' });
});

test('decompress() throws nothing but OciError for random damage', async () => {
  const packed = [gzipSync(text), Buffer.concat([skippable, zstdCompressSync(text, withChecksum)])];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...packed),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
      async (original, flips) => {
        const bytes = Buffer.from(original);
        for (const [at, mask] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask;
        try {
          await all(decompress(cut(bytes, 11)));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'COMPRESSION_INVALID', String(error));
        }
      },
    ),
    { numRuns: process.env.BERTH_SOAK ? 20_000 : 300 },
  );
});

const hasTools = ['gzip', 'zstd'].every((tool) => spawnSync(tool, ['--version']).status === 0);

test('decompress() and compress() agree with the gzip and zstd programs', {
  skip: hasTools ? false : 'the programs gzip and zstd are not both installed',
}, async () => {
  const big = Buffer.alloc(700_000, 'all work and no play ');
  const run = (tool: string, args: readonly string[], input: Uint8Array): Buffer => {
    const result = spawnSync(tool, args, { input, maxBuffer: 1 << 24 });
    assert.equal(result.status, 0, result.stderr.toString());
    return result.stdout;
  };
  const packed = [
    run('gzip', ['-9'], big),
    run('zstd', ['-19', '--check'], big),
    run('zstd', ['--long=24', '--no-check'], big),
    run('zstd', ['-T2', '-B65536'], big),
    run('zstd', ['--single-thread', '--no-content-size'], Buffer.alloc(0)),
  ];
  for (const each of packed) {
    const unpacked = await all(decompress(cut(each, 999)));
    assert.deepEqual(unpacked, unpacked.length === 0 ? Buffer.alloc(0) : big);
  }
  for (const tool of ['gzip', 'zstd'] as const) {
    assert.deepEqual(run(tool, ['-d', '-c'], await all(compress(cut(big, 4096), tool))), big);
  }
  const wide = run('zstd', ['--long=28', '--no-check', '-c'], Buffer.alloc(0));
  assert.deepEqual(await all(decompress(cut(wide, 9))), Buffer.alloc(0));
});

test('decompress() with lent chunks gives the same, one buffer for all of it', async () => {
  assert.ok(canLendGunzip(), 'this Node has no way to lend: unpacking is slower than it should be');
  const large = Buffer.concat(
    Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index} `.repeat(100))),
  );
  const packed = gzipSync(large);
  for (const size of [1000, 65_536, packed.length]) assert.deepEqual(await allLent(packed, size), large);
  const twice = Buffer.concat([gzipSync(text), gzipSync(text)]);
  for (let size = 1; size <= twice.length; size++) {
    assert.deepEqual(await allLent(twice, size), Buffer.concat([text, text]), `chunks of ${size}`);
  }
  const buffers = new Set<ArrayBufferLike>();
  for await (const { buffer } of decompress(cut(packed, 5000), { isLent: true })) buffers.add(buffer);
  assert.equal(buffers.size, 1);
});

test('decompress() with lent chunks refuses truncation at every byte and rubbish after the end', async () => {
  const packed = gzipSync(text);
  for (let length = 4; length < packed.length; length++) {
    await assert.rejects(allLent(packed.subarray(0, length), 7), invalid, `${length} bytes`);
  }
  for (const rubbish of [Buffer.from('x'), Buffer.from('rubbish'), Buffer.alloc(3), Buffer.alloc(9000)]) {
    for (const size of [5, packed.length, 100_000]) {
      await assert.rejects(
        allLent(Buffer.concat([packed, rubbish]), size),
        invalid,
        rubbish.toString('hex', 0, 8),
      );
    }
  }
  const damaged = Buffer.from(packed);
  damaged[20] = (damaged[20] ?? 0) ^ 0xff;
  await assert.rejects(allLent(damaged, 9), invalid);
});
