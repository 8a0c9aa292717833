import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestBytes } from '../digest.ts';
import { makeTarEntry, type TarEntry } from './entry.ts';
import { readTar } from './read-tar.ts';
import { collect, inChunks, rawEntry, readAllEntries } from './testing/raw-tar.ts';
import { type TarInput, writeTar } from './write-tar.ts';

const file = (path: string, size: number, more: Partial<TarEntry> = {}) =>
  makeTarEntry({ type: 'file', path, size, ...more });

const SAMPLE: readonly TarInput[] = [
  { entry: makeTarEntry({ type: 'directory', path: 'etc', mtime: 1_700_000_000_000_000_000n }) },
  {
    entry: file('etc/motd', 5, { uid: 1000, uname: 'user', mtime: 1_700_000_000_500_000_000n }),
    content: [Buffer.from('hello')],
  },
  {
    entry: file('ping', 0, {
      mode: 0o4755,
      xattrs: new Map([
        ['user.b', Buffer.from([0, 255])],
        ['security.capability', Buffer.from('x')],
      ]),
    }),
  },
  { entry: file('é', 0, { uid: 2 ** 32 - 2, atime: 1n, ctime: 2n }) },
  { entry: file(`${'d'.repeat(60)}/${'f'.repeat(60)}`, 0) },
  { entry: makeTarEntry({ type: 'symlink', path: 'l', linkPath: 'etc/motd' }) },
  { entry: makeTarEntry({ type: 'hardlink', path: 'h', linkPath: 'etc/motd' }) },
  { entry: makeTarEntry({ type: 'char', path: 'null', devMajor: 1, devMinor: 3 }) },
];

test('writeTar() gives these bytes, in every version', async () => {
  const bytes = await collect(writeTar(SAMPLE));
  assert.equal(bytes.length, 17 * 512);
  assert.equal(digestBytes(bytes), 'sha256:9c8f420beab13afbbcc0cf654e61dd2987b71578ee022cc6032be0e2be782cbf');
});

test('writeTar() of nothing is the empty layer that Docker knows', async () => {
  const bytes = await collect(writeTar([]));
  assert.equal(digestBytes(bytes), 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef');
});

test('writeTar() leaves atime and ctime out unless asked', async () => {
  const bytes = await collect(writeTar(SAMPLE, { withTimes: true }));
  const { entry } = (await readAllEntries(bytes))[3] ?? assert.fail();
  assert.deepEqual([entry.atime, entry.ctime], [1n, 2n]);
  const plain = (await readAllEntries(await collect(writeTar(SAMPLE))))[3] ?? assert.fail();
  assert.deepEqual([plain.entry.atime, plain.entry.ctime], [undefined, undefined]);
});

test('writeTar() uses ustar alone where it is enough', async () => {
  const long = `${'p'.repeat(154)}/${'n'.repeat(100)}`;
  const name = 'u'.repeat(31);
  const entries = [
    file(long, 0, { uid: 0o7777777, uname: name }),
    file('x'.repeat(100), 0, { mtime: (8n ** 11n - 1n) * 10n ** 9n }),
  ];
  const bytes = await collect(writeTar(entries.map((entry) => ({ entry }))));
  assert.equal(bytes.length, 2 * 512 + 1024);
  const read = await readAllEntries(bytes);
  assert.deepEqual(
    read.map(({ entry }) => entry),
    entries,
  );
});

test('writeTar() writes 8 GiB and more by PAX', async () => {
  for (const [size, blocks] of [
    [2 ** 33 - 1, 1],
    [2 ** 33, 3],
    [2 ** 53 - 1, 3],
  ] as const) {
    const chunks = writeTar([{ entry: file('big', size), content: endless() }]);
    const first = (await chunks.next()).value ?? assert.fail();
    await chunks.return();
    const items = readTar(inChunks(first));
    const { value } = await items.next();
    assert.equal(value?.entry.size, size);
    assert.equal(first[blocks * 512], 1);
    assert.equal(first[blocks * 512 - 1], 0);
    await items.return();
  }
});

test('writeTar() gathers small pieces into chunks of 64 KiB and more', async () => {
  for (const size of [1, 1000, 70_000]) {
    const inputs = Array.from({ length: 300_000 / Math.max(size, 1000) }, (_, at) => ({
      entry: file(`f${at}`, size),
      content: [Buffer.alloc(size, at)],
    }));
    const lengths: number[] = [];
    for await (const chunk of writeTar(inputs)) lengths.push(chunk.length);
    assert.ok(
      lengths.slice(0, -1).every((length) => length >= 65_536),
      String(lengths),
    );
  }
});

test('writeTar() gives large pieces out as they are, between what was gathered', async () => {
  const large = Buffer.alloc(300_000, 7);
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar([{ entry: file('big', large.length), content: [large] }]))
    chunks.push(chunk);
  assert.equal(chunks[1], large);
  assert.deepEqual(
    chunks.map((chunk) => chunk.length),
    [512, large.length, 512 - (large.length % 512) + 1024],
  );
});

test('writeTar() refuses content that is not as long as its entry says', async () => {
  const contents = [
    undefined,
    [],
    [Buffer.from('ab')],
    [Buffer.from('abcd')],
    [Buffer.from('abc'), Buffer.from('d')],
  ];
  for (const content of contents) {
    const input = { entry: file('f', 3), ...(content === undefined ? {} : { content }) };
    await assert.rejects(collect(writeTar([input])), { code: 'SIZE_MISMATCH' });
  }
  const empty = collect(writeTar([{ entry: file('f', 0), content: [Buffer.from('a')] }]));
  await assert.rejects(empty, { code: 'SIZE_MISMATCH' });
});

test('writeTar() refuses an endless content at the first byte too many', async () => {
  await assert.rejects(collect(writeTar([{ entry: file('f', 200_000), content: endless() }])), {
    code: 'SIZE_MISMATCH',
  });
});

test('writeTar() refuses what tar cannot say', async () => {
  const bad: readonly TarEntry[] = [
    file('', 0),
    file('a/', 0),
    file('a\0b', 0),
    file('a', -1),
    file('a', 0.5),
    file('a', 0, { uid: 2 ** 32 - 1 }),
    file('a', 0, { gid: -1 }),
    file('a', 0, { linkPath: 'b' }),
    file('a', 0, { devMajor: 1 }),
    file('a', 0, { xattrs: new Map([['', Buffer.alloc(0)]]) }),
    file('a\ud800', 0),
    makeTarEntry({ type: 'symlink', path: 'l' }),
    makeTarEntry({ type: 'directory', path: 'd', size: 1 }),
    makeTarEntry({ type: 'char', path: 'c', devMajor: 2 ** 21 }),
  ];
  for (const entry of bad) {
    await assert.rejects(collect(writeTar([{ entry }])), { code: 'TAR_INVALID' }, JSON.stringify(entry.path));
  }
});

test('writeTar() writes a sparse file whole', async () => {
  const sparse = [
    { offset: 3, length: 2 },
    { offset: 600, length: 1 },
  ];
  const bytes = await collect(
    writeTar([{ entry: file('s', 700, { sparse }), content: [Buffer.from('ab'), Buffer.from('c')] }]),
  );
  const expected = Buffer.alloc(700);
  expected.write('ab', 3);
  expected.write('c', 600);
  const plain = await collect(writeTar([{ entry: file('s', 700), content: [expected] }]));
  assert.deepEqual(bytes, plain);
  for (const content of [['ab'], ['abcd'], []]) {
    const input = { entry: file('s', 700, { sparse }), content: content.map((text) => Buffer.from(text)) };
    await assert.rejects(collect(writeTar([input])), { code: 'SIZE_MISMATCH' });
  }
});

test('writeTar() stops when its signal fires', async () => {
  const abort = new AbortController();
  const chunks = writeTar([{ entry: file('f', 2 ** 40), content: endless() }], { signal: abort.signal });
  await chunks.next();
  abort.abort();
  await assert.rejects(collect(chunks), { name: 'AbortError' });
});

test('writeTar() makes other forms of tar canonical', async () => {
  const gnu = Buffer.concat([
    rawEntry({ type: 'L', name: '././@LongLink', magic: 'ustar  \0' }, `${'n'.repeat(300)}\0`),
    rawEntry({ magic: 'ustar  \0' }, 'text'),
    Buffer.alloc(10_240),
  ]);
  const bytes = await collect(writeTar(readTar(inChunks(gnu))));
  const direct = await collect(
    writeTar([{ entry: file('n'.repeat(300), 4), content: [Buffer.from('text')] }]),
  );
  assert.deepEqual(bytes, direct);
});

async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) yield Buffer.alloc(65_536, 1);
}
