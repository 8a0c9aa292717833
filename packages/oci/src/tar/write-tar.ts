import { OciError } from '../errors.ts';
import type { TarEntry } from './entry.ts';
import { BLOCK_SIZE } from './header.ts';
import { showName } from './name-bytes.ts';
import { expandSparse } from './sparse.ts';
import { formatHeader, padding } from './write-header.ts';

export interface TarInput {
  readonly entry: TarEntry;
  /** For a file: its bytes, or with `entry.sparse` the stored runs. Not asked for before its turn. */
  readonly content?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface WriteTarOptions {
  /** Looked at before each entry and each chunk; what was given out until then is the start of a tar, no more. */
  readonly signal?: AbortSignal;
  /** Writes `atime` and `ctime` too; without it they are left out, since reading a file changes them. */
  readonly withTimes?: boolean;
}

const CHUNK_SIZE = 128 * 1024;

/**
 * Writes entries as an uncompressed tar in Berth's canonical form: equal entries in equal order give equal
 * bytes on every machine and in every version, and so the same diffID. The form:
 *
 * - entries in the order given; a directory's path ends in one slash, the root is `./`, other paths stand as given;
 * - each entry is one ustar block (magic `ustar`, version `00`), numbers in octal filled with zeros to the field
 *   less one byte, checksum as six digits, NUL, space; device numbers 0 for all but devices; mode is 12 bits;
 * - a path over 100 bytes is split at the first slash that fits `prefix` (155) and `name` (100);
 * - what does not fit (non-ASCII or long names, ids over 2,097,151, 8 GiB and more, times before 1970, past 2242 or not
 *   whole seconds) goes into one PAX header before it, and so do xattrs. Its name is `././@PaxHeader`, mode 0644,
 *   owner 0, time 0; records are sorted by the bytes of their keys; each appears once; `hdrcharset=BINARY` when a
 *   name is not UTF-8; `%` and `=` in the name of an xattr are `%25` and `%3D`, as GNU tar has them. The block
 *   then holds the start of such names, bytes above 127 as `_`, the whole seconds of a time, 0 for other numbers;
 * - GNU extensions, global headers, sparse maps and other PAX records are never written: a sparse file is written out
 *   whole, since where a file system keeps holes says nothing about the file;
 * - content is filled with zeros to 512 bytes; two blocks of zeros end the archive, with nothing after them.
 *
 * Small pieces are gathered into chunks of 128 KiB; content that comes in pieces as large as that passes uncopied, with
 * what waited before it as a chunk of its own. `writeTar(readTar(source))` makes any tar canonical.
 *
 * @throws {OciError} `SIZE_MISMATCH` when content is not `entry.size` bytes; `TAR_INVALID` for what tar cannot say
 */
export async function* writeTar(
  inputs: AsyncIterable<TarInput> | Iterable<TarInput>,
  options: WriteTarOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal, withTimes = false } = options;
  const chunker = new Chunker();
  for await (const input of inputs) {
    signal?.throwIfAborted();
    for (const piece of formatHeader(input.entry, { withTimes })) yield* chunker.add(piece);
    if (input.entry.type !== 'file') continue;
    for await (const piece of sized(input)) {
      signal?.throwIfAborted();
      if (chunker.room > piece.length) chunker.put(piece);
      else yield* chunker.add(piece);
    }
    yield* chunker.add(padding(input.entry.size));
  }
  yield* chunker.add(Buffer.alloc(2 * BLOCK_SIZE));
  yield* chunker.rest();
}

async function* sized({ entry, content }: TarInput): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  const expanded = entry.sparse === undefined ? content : expandSparse({ entry, content: asAsync(content) });
  for await (const piece of expanded ?? []) {
    bytes += piece.length;
    if (bytes > entry.size) throw sizeMismatch(entry, `${bytes} or more`);
    yield piece;
  }
  if (bytes < entry.size) throw sizeMismatch(entry, String(bytes));
}

async function* asAsync(content: TarInput['content'] = []): AsyncGenerator<Uint8Array, void, undefined> {
  yield* content;
}

function sizeMismatch({ path, size }: TarEntry, actual: string): OciError {
  const message = `Cannot write tar entry "${showName(path)}": expected ${size} bytes of content, got ${actual}`;
  return new OciError('SIZE_MISMATCH', message, {
    detail: { entry: path, expected: size },
    hint: 'Try again while nothing else writes to this file',
  });
}

/** Collects pieces into chunks; a piece of a whole chunk or more passes uncopied, after what waits before it. */
class Chunker {
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_SIZE);
  #used = 0;

  /** Bytes that still fit without giving a chunk out. */
  get room(): number {
    return CHUNK_SIZE - this.#used;
  }

  put(piece: Uint8Array): void {
    this.#chunk.set(piece, this.#used);
    this.#used += piece.length;
  }

  *add(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
    if (piece.length >= CHUNK_SIZE) {
      yield* this.rest();
      return yield piece;
    }
    const part = piece.subarray(0, this.room);
    this.put(part);
    if (this.room > 0) return;
    yield* this.rest();
    this.put(piece.subarray(part.length));
  }

  *rest(): Generator<Uint8Array, void, undefined> {
    if (this.#used === 0) return;
    const full = this.#chunk.subarray(0, this.#used);
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_SIZE);
    this.#used = 0;
    yield full;
  }
}
