import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@berth/errors';
import { readTar } from './read-tar.ts';
import { expandSparse } from './sparse.ts';
import { END, inChunks, rawEntry, rawPax } from './testing/raw-tar.ts';

const GNU = 'ustar  \0';
const SMALL = Buffer.concat([
  rawPax(
    [
      ['comment', 'x'],
      ['uname', 'u'],
    ],
    'g',
  ),
  rawEntry({ name: 'd/', type: '5' }),
  rawPax([
    ['path', 'd/long'],
    ['mtime', '1.5'],
    ['SCHILY.xattr.user.a', 'b'],
  ]),
  rawEntry({ name: 'cut' }, 'some text'),
  rawEntry({ type: 'L', magic: GNU }, 'd/longer\0'),
  rawEntry({ name: 'cut', magic: GNU, type: '2', link: 'd/long' }),
  rawPax([
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', 's'],
    ['GNU.sparse.realsize', '5000'],
  ]),
  rawEntry({ name: 's' }, `${'1\n4000\n3\n'.padEnd(512, '\0')}abc`),
  rawEntry(
    {
      type: 'S',
      name: 'o',
      magic: GNU,
      patches: [
        [386, '00000000001\x0000000000003\0'],
        [483, '00000000010\0'],
      ],
    },
    'abc',
  ),
  rawEntry({ type: '3', name: 'c', major: '0000001\x000000003\0' }),
  END,
]);

const LIMITS = { maxFileBytes: 1 << 20 };

async function drain(bytes: Buffer, chunkSize: number): Promise<number> {
  let count = 0;
  for await (const item of readTar(inChunks(bytes, chunkSize), { limits: LIMITS })) {
    for await (const _ of expandSparse(item));
    count++;
  }
  return count;
}

test('readTar() refuses the archive cut at every byte', async () => {
  assert.equal(await drain(SMALL, 65_536), 6);
  for (let length = 0; length < SMALL.length; length++) {
    await assert.rejects(drain(SMALL.subarray(0, length), length % 3 === 0 ? 512 : 7000), (error) => {
      assert.ok(hasCode(error) && error.code === 'TAR_INVALID', `cut at ${length}: ${error}`);
      assert.match(error.message, /at offset \d+/);
      return true;
    });
  }
});

test('readTar() answers damaged bytes with TAR_INVALID or entries, nothing else', async () => {
  const seed = Number(process.env.BERTH_SEED ?? Date.now()) >>> 0;
  const random = xorshift(seed);
  const rounds = process.env.BERTH_SOAK === '1' ? 100_000 : 3000;
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = Buffer.from(SMALL);
    const block = (random() % (SMALL.length / 512)) * 512;
    for (let flips = 1 + (random() % 4); flips > 0; flips--) bytes[block + (random() % 512)] = random() % 256;
    // Half of the rounds get past the checksum.
    if (round % 2 === 0) repair(bytes.subarray(block, block + 512));
    try {
      await drain(bytes, 512 + (random() % 4000));
    } catch (error) {
      refused++;
      assert.ok(hasCode(error) && error.code === 'TAR_INVALID', `seed ${seed}, round ${round}: ${error}`);
    }
  }
  assert.ok(refused > rounds / 4, `seed ${seed}: only ${refused} of ${rounds} refused`);
});

test('readTar() takes no more memory than bytes came, whatever a header announces', async () => {
  const before = process.memoryUsage().arrayBuffers;
  for (const type of ['x', 'g', 'L', 'K']) {
    const bytes = Buffer.concat([rawEntry({ type, size: 1024 * 1024 }), Buffer.alloc(600)]);
    for (let round = 0; round < 50; round++) await assert.rejects(drain(bytes, 512), { code: 'TAR_INVALID' });
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
});

function repair(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

function xorshift(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
