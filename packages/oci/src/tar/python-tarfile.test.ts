import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { makeTarEntry } from './entry.ts';
import { pathToBytes } from './name-bytes.ts';
import { collect, readAllEntries } from './testing/raw-tar.ts';
import { writeTar } from './write-tar.ts';

const skip =
  spawnSync('python3', ['-c', 'import tarfile']).status === 0 ? false : 'python3 with tarfile is not here';

function python(program: string, input: Uint8Array = Buffer.alloc(0)): Buffer {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], { input, maxBuffer: 1 << 26 });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

const WRITE = `
import io, sys, tarfile
out = io.BytesIO()
format = getattr(tarfile, FORMAT + '_FORMAT')
pax = {'pax_headers': {'comment': 'all', 'gname': 'group'}} if FORMAT == 'PAX' else {}
with tarfile.open(fileobj=out, mode='w', format=format, encoding='utf-8', **pax) as tar:
    def add(name, type=tarfile.REGTYPE, data=b'', **fields):
        info = tarfile.TarInfo(name)
        info.type, info.size = type, len(data)
        for key, value in fields.items(): setattr(info, key, value)
        tar.addfile(info, io.BytesIO(data))
    add('d', tarfile.DIRTYPE, mode=0o755)
    add('d/f', data=b'hello', mode=0o4755, uid=1000, uname='user', mtime=1700000000)
    add('d/' + 'p' * 80 + '/' + 'n' * 90, data=b'long')
    add('d/s', tarfile.SYMTYPE, linkname='f')
    add('d/h', tarfile.LNKTYPE, linkname='d/f')
    add('d/c', tarfile.CHRTYPE, devmajor=1, devminor=3)
    add('d/p', tarfile.FIFOTYPE)
    if FORMAT != 'USTAR':
        add('d/' + 'é' * 300, data=b'deep', uid=2**32 - 2, mtime=-77)
        add('d/l', tarfile.SYMTYPE, linkname='t' * 300)
sys.stdout.buffer.write(out.getvalue())
`;

for (const format of ['USTAR', 'GNU', 'PAX']) {
  test(`readTar() reads what Python wrote as ${format}`, { skip }, async () => {
    const entries = await readAllEntries(python(`FORMAT = '${format}'\n${WRITE}`), { chunkSize: 3000 });
    const seen = entries.map(({ entry, content }) => [
      entry.type,
      entry.path,
      String(content) || entry.linkPath,
    ]);
    assert.deepEqual(seen, [
      ['directory', 'd/', ''],
      ['file', 'd/f', 'hello'],
      ['file', `d/${'p'.repeat(80)}/${'n'.repeat(90)}`, 'long'],
      ['symlink', 'd/s', 'f'],
      ['hardlink', 'd/h', 'd/f'],
      ['char', 'd/c', ''],
      ['fifo', 'd/p', ''],
      ...(format === 'USTAR'
        ? []
        : [
            ['file', `d/${'é'.repeat(300)}`, 'deep'],
            ['symlink', 'd/l', 't'.repeat(300)],
          ]),
    ]);
    const plain = entries[1]?.entry;
    assert.deepEqual(
      [plain?.mode, plain?.uid, plain?.uname, plain?.mtime],
      [0o4755, 1000, 'user', 1_700_000_000_000_000_000n],
    );
    assert.equal(plain?.gname, format === 'PAX' ? 'group' : '');
    if (format !== 'USTAR')
      assert.deepEqual([entries[7]?.entry.uid, entries[7]?.entry.mtime], [2 ** 32 - 2, -77_000_000_000n]);
  });
}

const READ = `
import io, json, os, sys, tarfile
with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())) as tar:
    print(json.dumps([{
        'name': os.fsencode(m.name).hex(), 'link': m.linkname, 'type': m.type.decode(), 'mode': m.mode, 'uid': m.uid, 'gid': m.gid,
        'uname': m.uname, 'mtime': str(m.mtime), 'size': m.size, 'xattr': m.pax_headers.get('SCHILY.xattr.user.k'),
        'text': tar.extractfile(m).read().decode() if m.isreg() else '',
    } for m in tar]))
`;

test('Python reads what writeTar() wrote', { skip }, async () => {
  const xattrs = new Map([['user.k', Buffer.from('välue\n=')]]);
  const names = ['plain', 'é'.repeat(200), 'odd\udcff', `${'a/'.repeat(60)}b`, `${'x'.repeat(101)}`];
  const entries = names.map((path, index) =>
    makeTarEntry({
      type: 'file',
      path,
      size: 4,
      uid: 3_000_000 * index,
      mtime: BigInt(index) * 1_500_000_000n - 1_000_000_000n,
      xattrs,
      uname: 'ü',
    }),
  );
  const inputs = entries.map((entry) => ({ entry, content: [Buffer.from('text')] }));
  const read: readonly Record<string, unknown>[] = JSON.parse(
    String(python(READ, await collect(writeTar(inputs)))),
  );
  assert.equal(read.length, entries.length);
  for (const [index, entry] of entries.entries()) {
    const { mtime, ...found } = read[index] ?? {};
    assert.deepEqual(found, {
      name: pathToBytes(entry.path).toString('hex'),
      link: '',
      type: '0',
      mode: 0o644,
      uid: entry.uid,
      gid: 0,
      uname: 'ü',
      size: 4,
      xattr: 'välue\n=',
      text: 'text',
    });
    assert.equal(Number(mtime), Number(entry.mtime) / 1e9);
  }
});
