import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { hasCode } from '@berth/errors';
import { nativePath } from '@berth/linux';
import { gatherChunks, showName } from '@berth/oci';
import { StorageError } from '../../errors.ts';
import { PinnedDirectory } from '../compare/pinned-directory.ts';
import { readFull } from '../compare/same.ts';
import type { TreeFolder } from '../interface.ts';
import { directoryOf, nameOf } from '../names.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import type { Run } from './format.ts';
import { type SavedFile, type SplitPiece, TarSplitReader } from './reader.ts';

const CHUNK_BYTES = 256 * 1024;

/** The exact tar that was unpacked. @throws {StorageError} `LAYER_DAMAGED` */
export async function* rebuildTar(
  folder: TreeFolder,
  tarSplitPath: string,
  cancel: CancelFlag,
): AsyncGenerator<Uint8Array, void, undefined> {
  using split = new TarSplitReader(tarSplitPath);
  using tree = new LayerFiles(folder.path);
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const piece of split.pieces()) {
      cancel.throwIfSet();
      if (piece.kind === 'raw') yield piece.bytes;
      else if (piece.saved !== undefined) yield* savedContent(piece, piece.saved, split);
      else yield* tree.content(piece, cancel);
    }
  }
  yield* gatherChunks(pieces(), CHUNK_BYTES);
}

type Content = Extract<SplitPiece, { readonly kind: 'content' }>;

/** The files of a layer. Their directories are opened one by one and never through a symlink. */
class LayerFiles implements Disposable {
  readonly #root: string;
  /** The directory of the file before: files come in groups. */
  #directory: PinnedDirectory | undefined;
  #directoryPath: string | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  *content({ path, runs, crc }: Content, cancel: CancelFlag): Generator<Uint8Array, void, undefined> {
    const fd = this.#open(path);
    try {
      const end = runs.at(-1);
      if (end !== undefined && fstatSync(fd).size < end.offset + end.length)
        throw changed(path, 'it is shorter');
      let sum = 0;
      for (const { offset, length } of runs) {
        for (let done = 0; done < length; ) {
          cancel.throwIfSet();
          const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, length - done));
          if (readFull(fd, chunk, offset + done) < chunk.length) throw changed(path, 'it is shorter');
          sum = crc32(chunk, sum);
          // Whoever takes a chunk may give its memory away, and then it has no length any more.
          done += chunk.length;
          yield chunk;
        }
      }
      if (sum !== crc) throw changed(path, 'its content is another');
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    this.#directory?.[Symbol.dispose]();
    this.#directory = undefined;
  }

  #open(path: string): number {
    const directory = this.#enter(directoryOf(path), path);
    try {
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const fd = openSync(nativePath(directory.at(nameOf(path))), flags);
      if (fstatSync(fd).isFile()) return fd;
      closeSync(fd);
      throw changed(path, 'it is no file any more');
    } catch (error) {
      if (hasCode(error) && ['ENOENT', 'ELOOP', 'ENXIO'].includes(error.code))
        throw changed(path, 'it is missing');
      throw error;
    }
  }

  #enter(directory: string, path: string): PinnedDirectory {
    if (this.#directory !== undefined && this.#directoryPath === directory) return this.#directory;
    let at = PinnedDirectory.open(this.#root);
    for (const name of directory === '' ? [] : directory.split('/')) {
      const next = at === undefined ? undefined : PinnedDirectory.open(at.at(name));
      at?.[Symbol.dispose]();
      at = next;
    }
    if (at === undefined) throw changed(path, 'its directory is missing');
    this.#directory?.[Symbol.dispose]();
    this.#directory = at;
    this.#directoryPath = directory;
    return at;
  }
}

function* savedContent(
  { path, runs, crc }: Content,
  saved: SavedFile,
  split: TarSplitReader,
): Generator<Uint8Array, void, undefined> {
  let sum = 0;
  for (const { offset, length } of runs) {
    for (const chunk of savedRun({ offset, length }, saved, split)) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
  }
  if (sum !== crc) throw changed(path, 'what was kept of it is another');
}

function* savedRun(
  run: Run,
  { parts }: SavedFile,
  split: TarSplitReader,
): Generator<Uint8Array, void, undefined> {
  const end = run.offset + run.length;
  let at = run.offset;
  for (const { offset, block } of parts) {
    if (offset >= end) break;
    const bytes = split.part(block);
    if (offset + bytes.length <= at) continue;
    yield* zeros(offset - at);
    at = Math.max(at, offset);
    const piece = bytes.subarray(at - offset, Math.min(bytes.length, end - offset));
    at += piece.length;
    yield piece;
  }
  yield* zeros(end - at);
}

function* zeros(count: number): Generator<Uint8Array, void, undefined> {
  for (let left = count; left > 0; left -= CHUNK_BYTES) yield Buffer.alloc(Math.min(left, CHUNK_BYTES));
}

function changed(path: string, how: string): StorageError {
  return new StorageError(
    'LAYER_DAMAGED',
    `Cannot give back a layer: its file "${showName(path)}" is not what was unpacked, ${how}`,
    { hint: 'Remove the image and pull it again', detail: { entry: path } },
  );
}
