import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { makeTarEntry, type TarEntry } from './entry.ts';
import { pathToBytes } from './name-bytes.ts';
import { expandSparse } from './sparse.ts';
import { collect, type ReadEntry, readAllEntries } from './testing/raw-tar.ts';
import { type TarInput, writeTar } from './write-tar.ts';

const version = spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout ?? '';
const skip = version.includes('GNU tar') ? false : 'GNU tar is not here';
const isRoot = process.getuid?.() === 0;
const LONG = `${'long/'.repeat(30)}${'n'.repeat(120)}`;
const ODD = Buffer.concat([Buffer.from('odd '), Buffer.from([0xff, 0x0a, 0x5c, 0xc3, 0xa9])]);

function run(
  program: string,
  args: readonly string[],
): { readonly ok: boolean; readonly stdout: Buffer; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  return { ok: status === 0, stdout, stderr: String(stderr) };
}

function tar(...args: readonly string[]): Buffer {
  const { ok, stdout, stderr } = run('tar', args);
  assert.ok(ok, `tar ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function scratch(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'berth-tar-'));
  try {
    await work(folder);
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}

/** A tree with what `format` can hold. */
async function makeTree(root: string, format: string): Promise<void> {
  const at = (name: string) => path.join(root, name);
  await fs.mkdir(at('dir'), { recursive: true });
  await fs.writeFile(at('dir/file'), 'text of the file');
  await fs.writeFile(at('empty'), '');
  await fs.writeFile(at('big'), Buffer.alloc(300_000, 'x'));
  await fs.chmod(at('dir/file'), 0o4711);
  await fs.link(at('dir/file'), at('dir/hard'));
  await fs.symlink('../else/where', at('link'));
  if (format !== 'v7') run('mkfifo', [at('pipe')]);
  if (isRoot && format !== 'v7') run('mknod', [at('null'), 'c', '1', '3']);
  await fs.writeFile(Buffer.concat([Buffer.from(`${root}/`), ODD]), 'odd');
  if (format === 'gnu' || format === 'posix') {
    await fs.mkdir(path.dirname(at(LONG)), { recursive: true });
    await fs.writeFile(at(LONG), 'deep');
    await fs.symlink(LONG, at('long-link'));
    const sparse = await fs.open(at('sparse'), 'w');
    // Enough runs for several extension blocks of the old notation.
    for (let index = 0; index < 60; index++) await sparse.write(`run ${index}`, index * 100_000);
    await sparse.truncate(20_000_000);
    await sparse.close();
  }
  await fs.utimes(at('empty'), 1, 1_234_567_890.123456);
  if (format === 'posix') await fs.utimes(at('big'), 1, -12.5);
}

/** What the file system says of each entry, in the reader's words. */
async function compareWithTree(
  root: string,
  { entry, content }: ReadEntry,
  precision: bigint,
): Promise<void> {
  const full = Buffer.concat([Buffer.from(`${root}/`), pathToBytes(entry.path)]);
  const stat = await fs.lstat(full, { bigint: true });
  assert.equal(BigInt(entry.mode), entry.type === 'symlink' ? 0o777n : stat.mode & 0o7777n, entry.path);
  assert.deepEqual([BigInt(entry.uid), BigInt(entry.gid)], [stat.uid, stat.gid]);
  assert.equal(floor(entry.mtime, precision), floor(stat.mtimeNs, precision), entry.path);
  if (entry.type === 'file') assert.ok(content.equals(await fs.readFile(full)), entry.path);
  if (entry.type === 'symlink')
    assert.deepEqual(pathToBytes(entry.linkPath), await fs.readlink(full, 'buffer'));
  if (entry.type === 'hardlink')
    assert.equal((await fs.lstat(path.join(root, entry.linkPath), { bigint: true })).ino, stat.ino);
  if (entry.type === 'directory') assert.ok(stat.isDirectory());
  if (entry.type === 'fifo') assert.ok(stat.isFIFO());
  if (entry.type === 'char') assert.deepEqual([entry.devMajor, entry.devMinor], [1, 3]);
}

function floor(time: bigint, precision: bigint): bigint {
  return (time - (((time % precision) + precision) % precision)) / precision;
}

const FORMATS = [
  ['v7'],
  ['ustar'],
  ['gnu'],
  ['gnu', '--sparse'],
  ['posix'],
  ['posix', '--sparse', '--sparse-version=0.0'],
  ['posix', '--sparse', '--sparse-version=0.1'],
  ['posix', '--sparse', '--sparse-version=1.0'],
] as const;

for (const [format, ...flags] of FORMATS) {
  test(`readTar() reads what GNU tar wrote as ${[format, ...flags].join(' ')}`, { skip }, async () => {
    await scratch(async (folder) => {
      const root = path.join(folder, 'tree');
      await makeTree(root, format);
      const names = await fs.readdir(root, { encoding: 'buffer' });
      const list = path.join(folder, 'names');
      await fs.writeFile(list, Buffer.concat(names.flatMap((name) => [name, Buffer.from([0])])));
      const archive = path.join(folder, 'x.tar');
      tar('-c', '-f', archive, `--format=${format}`, ...flags, '-C', root, '--null', '-T', list);
      const entries = await readAllEntries(await fs.readFile(archive), {
        expand: expandSparse,
        chunkSize: 10_000,
      });
      const listed = run('tar', ['-t', '-f', archive]).stdout.toString('latin1').trim().split('\n').length;
      assert.equal(entries.length, listed);
      const precision = format === 'posix' ? 1n : 1_000_000_000n;
      for (const entry of entries) await compareWithTree(root, entry, precision);
      const types = new Set(entries.map(({ entry }) => entry.type));
      assert.equal(types.size, format === 'v7' ? 4 : isRoot ? 6 : 5);
      const sparse = entries.find(({ entry }) => entry.path === 'sparse');
      const { blocks } = await fs.stat(path.join(root, flags.length > 0 ? 'sparse' : 'big'));
      // A file system of large blocks keeps no hole in it.
      if (flags.length > 0 && blocks * 512 < 1_000_000) assert.equal(sparse?.entry.sparse?.length, 60);
    });
  });
}

const WRITTEN: readonly TarInput[] = [
  dir('d', { mode: 0o1777, mtime: 1_234_567_890_123_456_789n }),
  file('d/plain', 'plain text', { mode: 0o644, mtime: 1_600_000_000_000_000_000n }),
  file('d/é ü', 'accents', { mtime: -1_500_000_000n }),
  file('d/odd\udcff\n', 'odd bytes'),
  file(LONG, 'deep', { mode: 0o600 }),
  file(`${'s'.repeat(90)}/${'t'.repeat(90)}`, 'split'),
  file('big', 'x'.repeat(200_001)),
  { entry: makeTarEntry({ type: 'symlink', path: 'd/link', linkPath: LONG }) },
  {
    entry: makeTarEntry({
      type: 'hardlink',
      path: 'd/hard',
      linkPath: 'd/plain',
      mtime: 1_600_000_000_000_000_000n,
    }),
  },
  { entry: makeTarEntry({ type: 'fifo', path: 'd/pipe' }) },
];

function dir(name: string, more: Partial<TarEntry>): TarInput {
  return { entry: makeTarEntry({ type: 'directory', path: name, ...more }) };
}

function file(name: string, text: string, more: Partial<TarEntry> = {}): TarInput {
  return {
    entry: makeTarEntry({ type: 'file', path: name, size: text.length, ...more }),
    content: [Buffer.from(text)],
  };
}

test('GNU tar unpacks what writeTar() wrote, to the nanosecond', { skip }, async () => {
  await scratch(async (folder) => {
    const archive = path.join(folder, 'x.tar');
    const root = path.join(folder, 'out');
    await fs.mkdir(root);
    const bytes = await collect(writeTar(WRITTEN));
    await fs.writeFile(archive, bytes);
    tar(
      '-x',
      '-p',
      '-f',
      archive,
      '-C',
      root,
      '--no-same-owner',
      '--delay-directory-restore',
      '--warning=no-timestamp',
    );
    const entries = await readAllEntries(bytes);
    assert.equal(entries.length, WRITTEN.length);
    for (const { entry, content } of entries) {
      const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
      await compareWithTree(root, { entry: { ...entry, ...owner }, content }, 1n);
    }
  });
});

test('GNU tar and readTar() agree on xattrs with binary values', { skip }, async (context) => {
  await scratch(async (folder) => {
    const archive = path.join(folder, 'x.tar');
    const again = path.join(folder, 'again.tar');
    const root = path.join(folder, 'out');
    await fs.mkdir(root);
    const xattrs = new Map([
      ['user.bin', Buffer.from([0, 10, 61, 255])],
      ['user.a=b%c', Buffer.from('v')],
      ['user.none', Buffer.alloc(0)],
    ]);
    const { entry } = file('f', 'x', { xattrs });
    await fs.writeFile(archive, await collect(writeTar([{ entry, content: [Buffer.from('x')] }])));
    const { ok, stderr } = run('tar', ['-x', '--xattrs', '-f', archive, '-C', root]);
    assert.ok(ok, stderr);
    if (stderr.includes('Cannot set')) return context.skip('this file system has no user xattrs');
    tar('-c', '--xattrs', '-f', again, '-C', root, 'f');
    const [read] = await readAllEntries(await fs.readFile(again));
    assert.deepEqual(hex(read?.entry.xattrs), hex(xattrs));
  });
});

function hex(xattrs: ReadonlyMap<string, Uint8Array> = new Map()): readonly (readonly [string, string])[] {
  return [...xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')] as const).sort();
}

test('GNU tar lists owners, devices and sizes as written', { skip }, async () => {
  await scratch(async (folder) => {
    const archive = path.join(folder, 'x.tar');
    const inputs: TarInput[] = [
      file('id', '', { uid: 2 ** 32 - 2, gid: 3_000_000, uname: '', gname: '' }),
      { entry: makeTarEntry({ type: 'block', path: 'disk', devMajor: 259, devMinor: 1_048_575 }) },
      file('named', '', { uname: 'somebody', gname: 'g'.repeat(40) }),
    ];
    await fs.writeFile(archive, await collect(writeTar(inputs)));
    const lines = tar('-t', '-v', '-f', archive).toString().trim().split('\n');
    assert.match(lines[0] ?? '', /^-rw-r--r-- 4294967294\/3000000 +0 .* id$/);
    assert.match(lines[1] ?? '', /^brw-r--r-- .* 259,1048575 .* disk$/);
    assert.match(lines[2] ?? '', /^-rw-r--r-- somebody\/g{40} .* named$/);
  });
});
