import { createHash, type Hash } from 'node:crypto';
import { visitJail } from '@berth/linux';
import { type DiffID, decompress, parseDigest, readTar } from '@berth/oci';
import { StorageError } from '../../errors.ts';
import { asStorageError } from '../failure.ts';
import type { Unpacked } from '../interface.ts';
import { TarSplitWriter } from '../tar-split/writer.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import type { TreeJobOf } from '../threads/messages.ts';
import { Budget } from './budget.ts';
import { JAIL_ROOT } from './jail.ts';
import { LayerFolder } from './layer-folder.ts';
import { Unpacker } from './unpacker.ts';

/** Unpacks a layer, in a jail: while this runs, the thread sees nothing but the layer's folder. */
export async function unpackLayer(
  job: TreeJobOf<'unpack'>,
  source: AsyncIterable<Uint8Array>,
  cancel: CancelFlag,
): Promise<Unpacked> {
  using split = new TarSplitWriter(job.tarSplitPath);
  const tar = new HashedTar(decompress(source, { isLent: true }), job.maxTarBytes);
  const { path } = job.folder;
  try {
    return await visitJail(path, () => unpackHere(job, { tar, split, cancel }));
  } catch (error) {
    throw asStorageError(error, { doing: 'unpack into', entry: path, disk: path });
  }
}

interface Streams {
  readonly tar: HashedTar;
  readonly split: TarSplitWriter;
  readonly cancel: CancelFlag;
}

async function unpackHere(job: TreeJobOf<'unpack'>, { tar, split, cancel }: Streams): Promise<Unpacked> {
  const budget = new Budget(job);
  const folder = new LayerFolder({ form: job.folder, split, budget, cancel });
  const unpacker = new Unpacker({ folder, split, budget, cancel });
  let at = '';
  try {
    for await (const item of readTar(tar, { keepRaw: (piece) => split.raw(piece) })) {
      at = item.entry.path;
      await unpacker.apply(item);
    }
    at = '';
    unpacker.finish();
    const settle = folder.finish();
    split.finish(tar.bytes);
    const isRootOpaque = unpacker.isRootOpaque && folder.marks !== undefined;
    return {
      diffID: tar.diffID(),
      tarSizeBytes: tar.bytes,
      sizeBytes: unpacker.sizeBytes,
      entries: budget.entries,
      settle: isRootOpaque ? { ...settle, isRootOpaque } : settle,
    };
  } catch (error) {
    throw asStorageError(error, { doing: 'unpack layer entry', entry: at, disk: JAIL_ROOT });
  }
}

/** The uncompressed tar as it passes, all of it: what follows the closing blocks counts too. */
class HashedTar implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #hash: Hash = createHash('sha256');
  readonly #maxBytes: number;
  bytes = 0;

  constructor(source: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  diffID(): DiffID {
    return parseDigest(`sha256:${this.#hash.digest('hex')}`) as DiffID;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#source) {
      this.bytes += chunk.length;
      if (this.bytes > this.#maxBytes) {
        throw new StorageError(
          'LAYER_REFUSED',
          `Cannot unpack layer: its tar has more than ${this.#maxBytes} bytes`,
          {
            hint: 'If the layer is meant to be so large, raise the limit',
          },
        );
      }
      this.#hash.update(chunk);
      yield chunk;
    }
  }
}
