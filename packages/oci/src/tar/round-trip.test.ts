import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeTarEntry, type TarEntry } from './entry.ts';
import { bytesToPath } from './name-bytes.ts';
import { readTar } from './read-tar.ts';
import { collect, inChunks, readAllEntries } from './testing/raw-tar.ts';
import { type TarInput, writeTar } from './write-tar.ts';

const numRuns = process.env.BERTH_SOAK === '1' ? 5_000 : 150;
const runs = {
  numRuns,
  ...(process.env.BERTH_SEED === undefined ? {} : { seed: Number(process.env.BERTH_SEED) | 0 }),
};

const odd = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => bytes.map((byte) => (byte === 0 ? 0x2f : byte)));
const name = fc
  .oneof(
    odd.map(bytesToPath),
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.string({ minLength: 90, maxLength: 270 }),
    fc.constant('a/\n"\\ =b'),
  )
  .map((text) => text.replaceAll('\0', '_').replace(/\/+$/, '') || 'x');
const id = fc.oneof(fc.nat(), fc.integer({ min: 2 ** 21 - 2, max: 2 ** 21 + 2 }), fc.constant(2 ** 32 - 2));
const time = fc.oneof(
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 66n }),
  fc.integer({ min: -5, max: 2 ** 40 }).map((seconds) => BigInt(seconds) * 1_000_000_000n),
);
const xattrs = fc
  .array(
    fc.tuple(
      fc.string({ minLength: 1 }).map((text) => `user.${text.replaceAll('\0', '_')}`),
      fc.uint8Array({ maxLength: 50 }),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => new Map(pairs));

const input: fc.Arbitrary<TarInput> = fc
  .record({
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'char', 'block', 'fifo'),
    path: name,
    target: name,
    mode: fc.nat({ max: 0o7777 }),
    uid: id,
    gid: id,
    uname: fc.oneof(fc.constant(''), name),
    gname: fc.oneof(fc.constant('root'), name),
    mtime: time,
    xattrs,
    major: fc.nat({ max: 2 ** 21 - 1 }),
    minor: fc.nat({ max: 2 ** 21 - 1 }),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom(512, 1024, 200_000).map((length) => new Uint8Array(length).fill(7)),
    ),
  })
  .map(({ type, target, major, minor, bytes, path, ...rest }): TarInput => {
    const isDevice = type === 'char' || type === 'block';
    const entry = makeTarEntry({
      ...rest,
      type: type as TarEntry['type'],
      path: type === 'directory' ? `${path}/` : path,
      linkPath: type === 'symlink' || type === 'hardlink' ? target : '',
      size: type === 'file' ? bytes.length : 0,
      devMajor: isDevice ? major : 0,
      devMinor: isDevice ? minor : 0,
    });
    return type === 'file' ? { entry, content: [bytes] } : { entry };
  });

test('readTar() gives back what writeTar() wrote', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(input, { maxLength: 6 }),
      fc.integer({ min: 200, max: 70_000 }),
      async (inputs, chunkSize) => {
        const bytes = await collect(writeTar(inputs));
        const read = await readAllEntries(bytes, { chunkSize });
        assert.deepEqual(
          read.map(({ entry: { pax: _, xattrs: found, ...fields }, content }) => ({
            ...fields,
            xattrs: plain(found),
            content: new Uint8Array(content),
          })),
          inputs.map(({ entry: { pax: _, xattrs: given, ...fields }, content }) => ({
            ...fields,
            xattrs: plain(given),
            content: [...((content ?? []) as Uint8Array[])][0] ?? new Uint8Array(),
          })),
        );
        assert.ok((await collect(writeTar(readTar(inChunks(bytes, chunkSize))))).equals(bytes));
      },
    ),
    runs,
  );
});

function plain(xattrs: ReadonlyMap<string, Uint8Array>): unknown {
  return [...xattrs].map(([key, value]) => [key, Buffer.from(value).toString('hex')]).sort();
}
