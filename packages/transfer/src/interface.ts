/**
 * The contract of every place an image can be copied from or to: a repository in a registry, an OCI image layout,
 * a docker-archive.
 *
 * Terms
 * - *source*: gives manifests and blobs of one repository (or one layout, one archive).
 * - *sink*: takes them. A manifest is put only after all it names; what is put is verified by whoever takes it.
 * - *medium*: both, or one of them.
 *
 * `copyImage(source, sink, …)` joins them. Bytes are never changed on the way: digests stay, except towards a
 * docker-archive, which stores layers uncompressed and has no manifests.
 * Every implementation runs `mediumSuite` (testsuite.ts).
 */
import type { Descriptor, Digest } from '@berth/oci';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ManifestBytes {
  readonly descriptor: Descriptor;
  /** Exactly as stored; the digest is over these. */
  readonly bytes: Uint8Array;
}

/** A cut or a busy answer that is waited out. */
export interface RetryNotice {
  readonly attempt: number;
  readonly reason: string;
  readonly waitMs: number;
}

export interface BlobSourceOptions extends CallOptions {
  /**
   * Skip this many bytes; a source that cannot seek reads and drops them. What is skipped is not verified: with
   * an offset the source answers for the length, and whoever joins the parts answers for the digest.
   */
  readonly offset?: number;
  readonly onRetry?: (notice: RetryNotice) => void;
  /**
   * `false`: the reader takes the digest itself, and the source may answer for the length alone. For files: hashing twice
   * costs more than reading.
   */
  readonly verifies?: boolean;
  /** The reader is done with a chunk when it asks for the next: a source of files may then give all in the same memory. */
  readonly reusesMemory?: boolean;
}

export interface ImageSource extends AsyncDisposable {
  /** For people and logs: `localhost:5000/library/hello`, `oci:./hello`. */
  readonly location: string;
  /** What a tag or digest names; without `reference` the only image there is. @throws `MANIFEST_UNKNOWN`, `REFERENCE_AMBIGUOUS` */
  resolve(reference?: string, options?: CallOptions): Promise<Descriptor>;
  /** Whole and verified. @throws `MANIFEST_UNKNOWN`, `DIGEST_MISMATCH` */
  manifest(descriptor: Descriptor, options?: CallOptions): Promise<ManifestBytes>;
  /** Verified as it ends: a truncated or wrong stream throws, it does not just stop. */
  blob(descriptor: Descriptor, options?: BlobSourceOptions): AsyncIterable<Uint8Array>;
  /** Tags, in pages joined together. */
  tags(options?: CallOptions): AsyncIterable<string>;
  /** What another sink of the same registry may mount from; absent for files. */
  readonly mountFrom?: { readonly registry: string; readonly repository: string };
}

export type PutBlobResult = 'exists' | 'mounted' | 'copied';

export interface PutBlobOptions extends CallOptions {
  readonly mountFrom?: ImageSource['mountFrom'];
  /** Bytes done so far in this blob; may go back when a cut upload begins again further ahead. */
  readonly onProgress?: (doneBytes: number) => void;
  readonly onRetry?: (notice: RetryNotice) => void;
}

export interface ImageSink extends AsyncDisposable {
  readonly location: string;
  /** Set where only one image of one platform fits, with all its layers (a docker-archive). */
  readonly holdsOneImage?: true;
  hasManifest(descriptor: Descriptor, options?: CallOptions): Promise<boolean>;
  /**
   * Brings one blob in, by the cheapest way: it is there, it can be mounted, or its bytes are taken from `open`,
   * which is called again with an offset when the connection was cut. Idempotent.
   */
  putBlob(
    descriptor: Descriptor,
    open: (options: BlobSourceOptions) => AsyncIterable<Uint8Array>,
    options?: PutBlobOptions,
  ): Promise<PutBlobResult>;
  /** Stores a manifest whose parts are there, then lets the tags name it. Idempotent. */
  putManifest(manifest: ManifestBytes, tags: readonly string[], options?: CallOptions): Promise<void>;
  /** Makes what was put visible where that is one step (a docker-archive's end, a layout's index). */
  finish(options?: CallOptions): Promise<void>;
}

/** Progress of one copy, as data: a terminal draws it, a pipe prints lines, an API streams it. */
export type CopyEvent =
  | { readonly type: 'resolved'; readonly source: string; readonly descriptor: Descriptor }
  | {
      readonly type: 'blob.start';
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly mediaType: string;
    }
  | { readonly type: 'blob.progress'; readonly digest: Digest; readonly doneBytes: number }
  | { readonly type: 'blob.done'; readonly digest: Digest; readonly result: PutBlobResult }
  | {
      readonly type: 'retry';
      readonly digest: Digest;
      readonly attempt: number;
      readonly reason: string;
      readonly waitMs: number;
    }
  | { readonly type: 'manifest.done'; readonly digest: Digest; readonly tags: readonly string[] };
