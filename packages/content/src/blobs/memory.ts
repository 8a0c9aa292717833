import { type Digest, digestBytes } from '@berth/oci';
import type { Leases } from '../leases/interface.ts';
import { abortable } from './abortable.ts';
import {
  assertDigest,
  assertIngestId,
  assertSize,
  blobLeased,
  blobTooLarge,
  checkRange,
  ingestBusy,
  ingestClosed,
  ingestExists,
  ingestUnknown,
} from './errors.ts';
import type { BlobStore, Ingest, WriteOptions } from './interface.ts';

interface Bytes {
  bytes: Buffer;
  readonly startedAt: Date;
  updatedAt: Date;
  isBusy: boolean;
}

const CHUNK_BYTES = 64 * 1024;

/** A store that ends with the process, for tests and small tools: the whole contract, all in memory. */
export function createMemoryBlobStore(options: { readonly leases?: Leases } = {}): BlobStore {
  const blobs = new Map<Digest, Buffer>();
  const ingests = new Map<string, Bytes>();

  function openIngest(id: string, held: Bytes): Ingest {
    const stop = new AbortController();
    let isClosed = false;
    held.isBusy = true;

    function close(): void {
      isClosed = true;
      held.isBusy = false;
      stop.abort(ingestClosed(id, 'go on writing to'));
    }

    return {
      id,
      get offset() {
        return held.bytes.length;
      },
      async write(source: AsyncIterable<Uint8Array>, { signal, maxSizeBytes }: WriteOptions = {}) {
        if (isClosed) throw ingestClosed(id, 'write to');
        const limit = maxSizeBytes ?? Number.POSITIVE_INFINITY;
        const signals = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
        for await (const chunk of abortable(source, signals)) {
          if (held.bytes.length + chunk.length > limit) throw blobTooLarge(id, limit);
          held.bytes = Buffer.concat([held.bytes, chunk]);
          held.updatedAt = new Date();
        }
        return held.bytes.length;
      },
      async commit({ digest: expected, size, algorithm, signal } = {}) {
        if (isClosed) throw ingestClosed(id, 'commit');
        signal?.throwIfAborted();
        close();
        ingests.delete(id);
        assertSize(held.bytes.length, size);
        const digest = digestBytes(held.bytes, expected?.startsWith('sha512:') ? 'sha512' : algorithm);
        assertDigest(digest, expected);
        blobs.set(digest, held.bytes);
        return { digest, size: held.bytes.length };
      },
      async abort() {
        if (!isClosed) ingests.delete(id);
        close();
      },
      async [Symbol.asyncDispose]() {
        if (!isClosed) close();
      },
    };
  }

  return {
    async stat(digest) {
      const bytes = blobs.get(digest);
      return bytes === undefined ? undefined : { digest, size: bytes.length };
    },
    async open(digest) {
      const bytes = blobs.get(digest);
      if (bytes === undefined) return undefined;
      const size = bytes.length;
      let isUsed = false;
      return {
        digest,
        size,
        stream({ range, signal } = {}) {
          if (isUsed) throw new Error(`The reader of "${digest}" gives its bytes only once`);
          isUsed = true;
          const { first, last } = checkRange(range, { digest, size });
          return (async function* () {
            for (let at = first; at <= last; at += CHUNK_BYTES) {
              signal?.throwIfAborted();
              yield bytes.subarray(at, Math.min(at + CHUNK_BYTES, last + 1));
            }
          })();
        },
        async [Symbol.asyncDispose]() {},
      };
    },
    async startIngest(id) {
      assertIngestId(id);
      if (ingests.has(id)) throw ingestExists(id);
      const now = new Date();
      const held: Bytes = { bytes: Buffer.alloc(0), startedAt: now, updatedAt: now, isBusy: true };
      ingests.set(id, held);
      return openIngest(id, held);
    },
    async resumeIngest(id) {
      assertIngestId(id);
      const held = ingests.get(id);
      if (held === undefined) throw ingestUnknown(id);
      if (held.isBusy) throw ingestBusy(id);
      return openIngest(id, held);
    },
    async *listIngests() {
      for (const [id, { bytes, startedAt, updatedAt }] of ingests) {
        yield { id, offset: bytes.length, startedAt, updatedAt };
      }
    },
    async delete(digest) {
      const held = await options.leases?.held([digest]);
      if (held?.has(digest)) throw blobLeased(digest);
      return blobs.delete(digest);
    },
    async *list() {
      for (const [digest, bytes] of blobs) yield { digest, size: bytes.length };
    },
    async [Symbol.asyncDispose]() {},
  };
}
