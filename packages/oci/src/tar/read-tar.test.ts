import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@berth/errors';
import { type ReadTarOptions, readTar } from './read-tar.ts';
import { expandSparse } from './sparse.ts';
import { collect, END, inChunks, rawEntry, rawHeader, rawPax, readAllEntries } from './testing/raw-tar.ts';

const GNU = 'ustar  \0';

async function paths(...pieces: readonly Buffer[]): Promise<string[]> {
  return (await readAllEntries(Buffer.concat([...pieces, END]))).map(({ entry }) => entry.path);
}

async function refusal(pieces: readonly Buffer[], options: ReadTarOptions = {}): Promise<string> {
  const error = await readAllEntries(Buffer.concat([...pieces, END]), options).then(
    () => assert.fail('it was read'),
    (caught: unknown) => caught,
  );
  assert.ok(hasCode(error) && error.code === 'TAR_INVALID', String(error));
  return error.message;
}

/** base-256, as GNU writes it. */
function base256(value: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let rest = BigInt.asUintN(length * 8, value);
  for (let at = length - 1; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

test('readTar() reads v7, ustar and GNU headers', async () => {
  assert.deepEqual(await paths(rawEntry({ name: 'old', magic: '', prefix: 'junk' })), ['old']);
  assert.deepEqual(await paths(rawEntry({ name: 'n', prefix: 'p/q' })), ['p/q/n']);
  assert.deepEqual(await paths(rawEntry({ name: 'n', prefix: '00000000001\0', magic: GNU })), ['n']);
  assert.deepEqual(await paths(rawEntry({ name: 'x'.repeat(100), prefix: 'y'.repeat(155) })), [
    `${'y'.repeat(155)}/${'x'.repeat(100)}`,
  ]);
});

test('readTar() takes the prefix that Go before 1.8 put into GNU headers', async () => {
  assert.deepEqual(await paths(rawEntry({ name: 'Fix.3pm', prefix: 'root/.cpanm/man3', magic: GNU })), [
    'root/.cpanm/man3/Fix.3pm',
  ]);
});

test('readTar() takes the shorter prefix of star', async () => {
  const patches = [
    [476, '00000000001\0'],
    [508, 'tar\0'],
  ] as const;
  assert.deepEqual(await paths(rawEntry({ name: 'n', prefix: 'p', patches })), ['p/n']);
});

test('readTar() takes a v7 file that ends in a slash for a directory', async () => {
  const [first] = await readAllEntries(Buffer.concat([rawEntry({ name: 'd/', type: '\0', magic: '' }), END]));
  assert.equal(first?.entry.type, 'directory');
});

test('readTar() reads negative times and large ids in base-256', async () => {
  const bytes = rawEntry({ magic: GNU, mtime: base256(-5n, 12), uid: base256(4_294_967_294n, 8) });
  const [first] = await readAllEntries(Buffer.concat([bytes, END]));
  assert.equal(first?.entry.mtime, -5_000_000_000n);
  assert.equal(first?.entry.uid, 4_294_967_294);
});

test('readTar() reads sizes of 8 GiB and more from the header alone', async () => {
  for (const pieces of [
    [rawHeader({ magic: GNU, size: base256(2n ** 40n, 12) })],
    [rawPax([['size', String(2 ** 40)]]), rawHeader({ size: 0 })],
  ]) {
    const items = readTar(inChunks(Buffer.concat(pieces)));
    assert.equal((await items.next()).value?.entry.size, 2 ** 40);
    await assert.rejects(items.next(), { code: 'TAR_INVALID' });
  }
});

test('readTar() skips by the PAX size and not by the size in the block', async () => {
  const inner = rawEntry({ name: 'smuggled' });
  const pax = rawPax([['size', '512']]);
  assert.deepEqual(
    await paths(pax, rawHeader({ name: 'outer', size: 0 }), inner, rawEntry({ name: 'last' })),
    ['outer', 'last'],
  );
});

test('readTar() applies PAX records, local over global', async () => {
  const bytes = Buffer.concat([
    rawPax(
      [
        ['uname', 'all'],
        ['mtime', '7.5'],
        ['comment', 'x'],
      ],
      'g',
    ),
    rawEntry({ name: 'one' }),
    rawPax([
      ['path', 'päth/two'],
      ['mtime', '-1.25'],
      ['uname', ''],
      ['SCHILY.xattr.user.k', 'v\n\0='],
    ]),
    rawEntry({ name: 'cut' }),
    END,
  ]);
  const [one, two] = (await readAllEntries(bytes)).map(({ entry }) => entry);
  assert.deepEqual([one?.path, one?.uname, one?.mtime], ['one', 'all', 7_500_000_000n]);
  assert.deepEqual([two?.path, two?.uname, two?.mtime], ['päth/two', '', -1_250_000_000n]);
  assert.deepEqual(two?.xattrs.get('user.k')?.toString(), 'v\n\0=');
  assert.equal(two?.pax.get('comment')?.toString(), 'x');
});

test('readTar() reads GNU long names and link names', async () => {
  const name = 'n'.repeat(500);
  const pieces = [
    rawEntry({ type: 'K', magic: GNU }, `${name}/l\0`),
    rawEntry({ type: 'L', magic: GNU }, `${name}\0`),
  ];
  const [first] = await readAllEntries(
    Buffer.concat([...pieces, rawEntry({ type: '2', link: 'cut', magic: GNU }), END]),
  );
  assert.deepEqual([first?.entry.path, first?.entry.linkPath], [name, `${name}/l`]);
});

test('readTar() keeps names that are not UTF-8 bit for bit', async () => {
  assert.deepEqual(await paths(rawEntry({ name: Buffer.from([0x61, 0xff, 0xfe]) })), ['a\udcff\udcfe']);
});

test('readTar() ends at two blocks of zeros and drains what follows', async () => {
  let drained = 0;
  async function* source() {
    yield Buffer.concat([rawEntry({}), END]);
    for (let at = 0; at < 5; at++) {
      drained++;
      yield Buffer.alloc(1000, at);
    }
  }
  assert.equal((await readAllEntries(source())).length, 1);
  assert.equal(drained, 5);
});

test('readTar() skips content that nobody reads, also when it was begun', async () => {
  const bytes = Buffer.concat([
    rawEntry({ name: 'a' }, Buffer.alloc(3000)),
    rawEntry({ name: 'b' }, 'text'),
    END,
  ]);
  const found: string[] = [];
  for await (const { entry, content } of readTar(inChunks(bytes, 700))) {
    found.push(entry.path);
    for await (const _ of content) break;
  }
  assert.deepEqual(found, ['a', 'b']);
});

test('readTar() refuses content asked for too late', async () => {
  const items = readTar(
    inChunks(Buffer.concat([rawEntry({ name: 'a' }, Buffer.alloc(100_000)), rawEntry({}), END]), 512),
  );
  const first = await items.next();
  await items.next();
  await assert.rejects(collect(first.value?.content ?? assert.fail()), /after the next tar entry/);
  await items.return();
});

test('readTar() closes its source when the reader leaves early, and on abort', async () => {
  let isClosed = false;
  async function* source() {
    try {
      for (;;) yield rawEntry({}, Buffer.alloc(65_536));
    } finally {
      isClosed = true;
    }
  }
  for await (const _ of readTar(source())) break;
  assert.ok(isClosed);
  isClosed = false;
  const abort = new AbortController();
  const items = readTar(source(), { signal: abort.signal });
  await items.next();
  abort.abort();
  await assert.rejects(items.next(), { name: 'AbortError' });
  assert.ok(isClosed);
});

test('readTar() with allowMissingEnd takes a stream that just ends', async () => {
  for (const bytes of [rawEntry({}), Buffer.concat([rawEntry({}), Buffer.alloc(512)]), Buffer.alloc(0)]) {
    await assert.rejects(readAllEntries(bytes), { code: 'TAR_INVALID' });
    await readAllEntries(bytes, { allowMissingEnd: true });
  }
  await assert.rejects(readAllEntries(rawEntry({}).subarray(0, 500), { allowMissingEnd: true }), {
    code: 'TAR_INVALID',
  });
});

test('readTar() with allowMissingEnd still wants the entry that a header speaks of', async () => {
  const bytes = rawPax([['path', 'a']]);
  await assert.rejects(readAllEntries(bytes, { allowMissingEnd: true }), /between an extension header/);
});

test('readTar() says what is wrong with which entry and where', async () => {
  const bad = rawEntry({ name: 'b/c', checksum: '000001\0 ' });
  assert.match(
    await refusal([rawEntry({ name: 'a' }, 'x'), bad]),
    /^Cannot read tar header at offset 1024 \(after "a"\): expected checksum \d+, got 1$/,
  );
  const size = await refusal([rawEntry({ name: 'etc/x', size: 'zzz' })]);
  assert.match(size, /^Cannot read tar entry "etc\/x" at offset 0: field "size" is "zzz/);
});

const REFUSED: Readonly<Record<string, readonly Buffer[]>> = {
  'a negative size': [rawHeader({ magic: GNU, size: base256(-1n, 12) })],
  'a size of 2^63': [rawHeader({ magic: GNU, size: base256(2n ** 63n - 1n, 12) })],
  'a PAX size of 2^63': [rawPax([['size', '9223372036854775807']]), rawEntry({})],
  'a negative PAX size': [rawPax([['size', '-1']]), rawEntry({})],
  'an octal field with letters': [rawHeader({ mode: '00x0644\0' })],
  'a negative octal field': [rawHeader({ uid: '-000001\0' })],
  'an owner of 2^32-1': [rawHeader({ magic: GNU, uid: base256(2n ** 32n - 1n, 8) })],
  'a PAX owner past 2^32': [rawPax([['uid', '4294967296']]), rawEntry({})],
  'a PAX owner that is a name': [rawPax([['gid', 'wheel']]), rawEntry({})],
  'a PAX time that is no number': [rawPax([['mtime', 'now']]), rawEntry({})],
  'a directory with a size': [rawEntry({ type: '5', name: 'd/' }, 'x')],
  'a symlink with a size': [rawEntry({ type: '2', link: 'x' }, 'x')],
  'a hard link with a size': [rawEntry({ type: '1', link: 'x' }, 'x')],
  'a link without a target': [rawEntry({ type: '2' })],
  'a file without a name': [rawEntry({ name: '' })],
  'a NUL in a PAX path': [rawPax([['path', 'a\0b']]), rawEntry({})],
  'a NUL in a sparse name': [rawPax([['GNU.sparse.name', 'a\0b']]), rawEntry({})],
  'a NUL in a GNU long name': [rawEntry({ type: 'L' }, 'a\0b'), rawEntry({})],
  'an empty GNU long name': [rawEntry({ type: 'L' }, '\0'), rawEntry({})],
  'two PAX headers in a row': [rawPax([['path', 'a']]), rawPax([['path', 'b']]), rawEntry({})],
  'two long names in a row': [rawEntry({ type: 'L' }, 'a'), rawEntry({ type: 'L' }, 'b'), rawEntry({})],
  'a GNU and a PAX name': [rawEntry({ type: 'L' }, 'a'), rawPax([['path', 'b']]), rawEntry({})],
  'a global header between': [rawPax([['path', 'a']]), rawPax([['comment', 'b']], 'g'), rawEntry({})],
  'a global path': [rawPax([['path', 'a']], 'g'), rawEntry({})],
  'a global size': [rawPax([['size', '1']], 'g'), rawEntry({})],
  'a PAX header with no entry': [rawPax([['path', 'a']])],
  'a PAX record out of form': [rawEntry({ type: 'x' }, '12 path=a\n'), rawEntry({})],
  'a PAX header over the limit': [rawHeader({ type: 'x', size: 1024 * 1024 + 1 })],
  'a long name over the limit': [rawHeader({ type: 'L', size: 2 ** 32 })],
  'a path over the limit': [rawPax([['path', 'a/'.repeat(2100)]]), rawEntry({})],
  'a link over the limit': [rawPax([['linkpath', 'é'.repeat(2100)]]), rawEntry({ type: '2' })],
  'a volume label': [rawEntry({ type: 'V' })],
  'a dump directory': [rawEntry({ type: 'D' }, 'Yx\0\0')],
  'a continued file': [rawEntry({ type: 'M' })],
  'an unknown type': [rawEntry({ type: 'Q' })],
  'one block of zeros alone': [Buffer.alloc(512), rawEntry({})],
  'a sparse version of the future': [
    rawPax([
      ['GNU.sparse.major', '2'],
      ['GNU.sparse.minor', '0'],
    ]),
    rawEntry({}),
  ],
  'an unnamed xattr': [rawPax([['SCHILY.xattr.', 'x']]), rawEntry({})],
  'something that is no tar': [Buffer.from('PK\u0003\u0004'.repeat(300))],
};

for (const [what, pieces] of Object.entries(REFUSED)) {
  test(`readTar() refuses ${what}`, async () => {
    assert.match(await refusal(pieces), /^Cannot read tar (entry|header).* at offset \d+/);
  });
}

test('readTar() keeps its limits', async () => {
  await refusal([rawEntry({}, 'four')], { limits: { maxFileBytes: 3 } });
  await refusal([rawEntry({ name: 'four' })], { limits: { maxPathBytes: 3 } });
  const globals = Array.from({ length: 3 }, (_, at) => rawPax([[`k${at}`, 'v'.repeat(500_000)]], 'g'));
  assert.match(await refusal([...globals, rawEntry({})]), /global PAX records take/);
});

const SPARSE_TEXT = `${'\0'.repeat(1000)}abc${'\0'.repeat(997)}defg${'\0'.repeat(96)}`;

async function sparseText(...pieces: readonly Buffer[]): Promise<string> {
  const bytes = Buffer.concat([...pieces, rawEntry({ name: 'next' }), END]);
  const [first, next] = await readAllEntries(bytes, { expand: expandSparse, chunkSize: 300 });
  assert.equal(next?.entry.path, 'next');
  assert.equal(first?.entry.size, 2100);
  assert.equal(first?.entry.path, 'sparse');
  assert.deepEqual(first?.entry.sparse, [
    { offset: 1000, length: 3 },
    { offset: 2000, length: 4 },
  ]);
  return first?.content.toString('latin1') ?? '';
}

function oldGnuSparse(pairs: readonly (readonly [number, number])[], realSize: number): Buffer {
  const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
  const patches = pairs.map(
    ([offset, length], at) => [386 + at * 24, octal(offset) + octal(length)] as const,
  );
  return rawEntry(
    { type: 'S', name: 'sparse', magic: GNU, patches: [...patches, [483, octal(realSize)]] },
    'abcdefg',
  );
}

test('readTar() reads sparse files in all four notations', async () => {
  const name = [
    ['GNU.sparse.name', 'sparse'],
    ['GNU.sparse.size', '2100'],
  ] as const;
  assert.equal(
    await sparseText(
      oldGnuSparse(
        [
          [1000, 3],
          [2000, 4],
          [2100, 0],
        ],
        2100,
      ),
    ),
    SPARSE_TEXT,
  );
  const v00 = ['1000', '3', '2000', '4'].map(
    (value, at) => [at % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes', value] as const,
  );
  assert.equal(await sparseText(rawPax([...name, ...v00]), rawEntry({ name: 'x' }, 'abcdefg')), SPARSE_TEXT);
  const v01 = ['GNU.sparse.map', '1000,3,2000,4'] as const;
  assert.equal(await sparseText(rawPax([...name, v01]), rawEntry({ name: 'x' }, 'abcdefg')), SPARSE_TEXT);
  const v10 = [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', 'sparse'],
    ['GNU.sparse.realsize', '2100'],
  ] as const;
  const map = Buffer.alloc(512);
  map.write('3\n1000\n3\n2000\n4\n2100\n0\n');
  assert.equal(
    await sparseText(rawPax(v10), rawEntry({ name: 'x' }, Buffer.concat([map, Buffer.from('abcdefg')]))),
    SPARSE_TEXT,
  );
});

test('readTar() refuses sparse maps that lie', async () => {
  const lies: readonly (readonly (readonly [number, number])[])[] = [
    [
      [1000, 3],
      [1001, 4],
    ],
    [
      [2000, 4],
      [1000, 3],
    ],
    [
      [1000, 3],
      [2098, 4],
    ],
    [
      [1000, 3],
      [2000, 5],
    ],
    [[1000, 3]],
    [],
  ];
  for (const pairs of lies) await refusal([oldGnuSparse(pairs, 2100)]);
  const v10 = (map: string, ...more: readonly (readonly [string, string])[]) => [
    rawPax([['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.realsize', '2100'], ...more]),
    rawEntry({}, Buffer.concat([Buffer.from(map.padEnd(512, '\0')), Buffer.from('abcdefg')])),
  ];
  for (const map of [
    'x\n',
    '1\n1000\n',
    '1\n1000\n99999999999999999999\n',
    '99999999\n',
    '1\n-1\n7\n',
    '',
    '1'.repeat(512),
  ]) {
    await refusal(v10(map));
  }
  await refusal([
    rawPax([
      ['GNU.sparse.map', '1000,7,'],
      ['GNU.sparse.size', '2100'],
    ]),
    rawEntry({}, 'abcdefg'),
  ]);
  await refusal([
    rawPax([
      ['GNU.sparse.map', '0,0'],
      ['GNU.sparse.size', '2100'],
    ]),
    rawEntry({ type: '5', name: 'd' }),
  ]);
});

test('readTar() does not follow sparse maps without end', async () => {
  async function* source() {
    yield rawHeader({ type: 'S', magic: GNU, patches: [[482, '\x01']] });
    const block = Buffer.alloc(512, '00000000001\0');
    block[504] = 1;
    for (;;) yield block;
  }
  await assert.rejects(readAllEntries(source()), /more than 65536 runs/);
});

test('readTar() with keepRaw gives every byte that is not content, in order', async () => {
  const map = '1\n5\n3\n'.padEnd(512, '\0');
  const bytes = Buffer.concat([
    rawPax([['comment', 'x']], 'g'),
    rawEntry({ name: 'a' }, 'text'),
    rawEntry({ type: 'L', magic: GNU }, 'long'),
    rawEntry({ magic: GNU }, Buffer.alloc(2000, 1)),
    rawPax([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.realsize', '10'],
    ]),
    rawEntry({ name: 's' }, `${map}abc`),
    oldGnuSparse(
      [
        [1000, 3],
        [2000, 4],
      ],
      2100,
    ),
    rawEntry({ type: '5', name: 'd/' }),
    END,
    Buffer.alloc(3000, 7),
  ]);
  for (const size of [512, 100, 1, 65_536]) {
    const pieces: Uint8Array[] = [];
    const keepRaw = (piece: Uint8Array) => void pieces.push(Buffer.from(piece));
    for await (const { content } of readTar(inChunks(bytes, size), { keepRaw })) {
      for await (const chunk of content) pieces.push(chunk);
    }
    assert.ok(Buffer.concat(pieces).equals(bytes), `chunks of ${size}`);
  }
});
