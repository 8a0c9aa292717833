import {
  type Descriptor,
  type Digest,
  hostPlatform,
  isNondistributable,
  manifestLinks,
  type ParsedManifest,
  type Platform,
  parseManifest,
} from '@berth/oci';
import { TransferError } from '../errors.ts';
import type { CopyEvent, ImageSink, ImageSource, PutBlobResult } from '../interface.ts';
import { choosePlatform } from './choose-platform.ts';
import { Limiter } from './limiter.ts';

export interface CopyImageOptions {
  /** Tag or digest in the source; without it the only image there is, or `latest`. */
  readonly reference?: string | undefined;
  /** What the sink should call it; empty: by digest alone. */
  readonly tags: readonly string[];
  /** `all` (the default) copies an index whole, so that every digest stays; a sink of one image takes the host's. */
  readonly platform?: 'all' | Platform | undefined;
  /** Blobs on their way at once; default 4. */
  readonly jobs?: number | undefined;
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyResult {
  /** What the tags name now. */
  readonly descriptor: Descriptor;
  readonly blobs: Readonly<Record<PutBlobResult, number>>;
  /** Bytes of the blobs whose bytes were moved. */
  readonly copiedBytes: number;
}

const DEFAULT_JOBS = 4;
const PROGRESS_INTERVAL_MS = 100;
/** An index in an index in an index: deeper ones are a joke on the reader. */
const MAX_DEPTH = 8;
/** All manifests of one copy may be in memory at once. */
const MAX_MANIFESTS_BYTES = 64 * 1024 * 1024;

/**
 * Copies an image: layers side by side, then config, manifest, index, and the tags last. Nobody sees a tag
 * before all it leads to is there.
 *
 * Idempotent: what the sink has is not moved again. After an abort or a failure the parts that arrived stay and
 * the next call goes on with them; no tag was moved. When it returns or throws, nothing runs on.
 */
export async function copyImage(
  source: ImageSource,
  sink: ImageSink,
  options: CopyImageOptions,
): Promise<CopyResult> {
  const { reference, platform = sink.holdsOneImage === true ? hostPlatform() : 'all', signal } = options;
  if (platform === 'all' && sink.holdsOneImage === true) {
    throw new TransferError(
      'UNSUPPORTED_BY_SINK',
      `Cannot copy all platforms to "${sink.location}": it holds one image`,
      {
        hint: 'Choose one with --platform, or copy to an OCI layout: oci:<folder>',
      },
    );
  }
  const call = signal === undefined ? {} : { signal };
  const named = await source.resolve(reference, call);
  const descriptor = platform === 'all' ? named : await choosePlatform(source, named, { ...call, platform });
  options.onEvent?.({ type: 'resolved', source: source.location, descriptor });
  const copy = new Copy(source, sink, options);
  await copy.run(descriptor);
  await sink.finish(call);
  return { descriptor, blobs: copy.counts, copiedBytes: copy.copiedBytes };
}

class Copy {
  readonly counts: Record<PutBlobResult, number> = { exists: 0, mounted: 0, copied: 0 };
  copiedBytes = 0;
  readonly #source: ImageSource;
  readonly #sink: ImageSink;
  readonly #tags: readonly string[];
  readonly #limiter: Limiter;
  readonly #emit: (event: CopyEvent) => void;
  /** One failure stops the rest. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #announced = new Set<Digest>();
  readonly #blobs = new Map<Digest, Promise<void>>();
  readonly #children = new Map<Digest, Promise<void>>();
  #manifestsBytes = 0;

  constructor(source: ImageSource, sink: ImageSink, options: CopyImageOptions) {
    this.#source = source;
    this.#sink = sink;
    this.#tags = options.tags;
    this.#limiter = new Limiter(options.jobs ?? DEFAULT_JOBS);
    this.#emit = options.onEvent ?? (() => {});
    this.#signal =
      options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal]);
  }

  run(root: Descriptor): Promise<void> {
    return this.#manifest(root, { tags: this.#tags, depth: 0 });
  }

  async #manifest(
    descriptor: Descriptor,
    { tags, depth }: { readonly tags: readonly string[]; readonly depth: number },
  ): Promise<void> {
    const signal = this.#signal;
    signal.throwIfAborted();
    if (depth > MAX_DEPTH) {
      throw new TransferError(
        'UNSUPPORTED_BY_SINK',
        `Cannot copy "${descriptor.digest}": more than ${MAX_DEPTH} indexes in each other`,
      );
    }
    const isThere = await this.#sink.hasManifest(descriptor, { signal });
    // The root is put in any case: it is what the sink has to name.
    if (isThere && depth > 0) return this.#done(descriptor, tags);
    this.#manifestsBytes += descriptor.size;
    if (this.#manifestsBytes > MAX_MANIFESTS_BYTES) {
      throw new TransferError(
        'MANIFEST_TOO_LARGE',
        `Cannot copy from "${this.#source.location}": its manifests have more than ${MAX_MANIFESTS_BYTES} bytes together`,
      );
    }
    const manifest = await this.#source.manifest(descriptor, { signal });
    if (!isThere) await this.#parts(parseManifest(manifest.bytes, descriptor.mediaType), depth);
    await this.#sink.putManifest(manifest, tags, { signal });
    this.#done(descriptor, tags);
  }

  #done({ digest }: Descriptor, tags: readonly string[]): void {
    this.#emit({ type: 'manifest.done', digest, tags });
  }

  async #parts(parsed: ParsedManifest, depth: number): Promise<void> {
    const { manifests } = manifestLinks(parsed);
    await this.#all(manifests.map((child) => this.#child(child, depth + 1)));
    if (parsed.kind === 'index') return;
    const { config, layers } = parsed.manifest;
    // What may not be handed on stays where its urls say, unless the sink must be complete by itself.
    const stored = layers.filter(
      ({ mediaType }) => this.#sink.holdsOneImage === true || !isNondistributable(mediaType),
    );
    // All are told of before the first moves, so that whoever shows it knows the sum.
    for (const blob of [...stored, config]) this.#announce(blob);
    await this.#all(stored.map((layer) => this.#blob(layer)));
    await this.#blob(config);
  }

  /** Each manifest once per copy: indexes that name each other's children many times would never end. */
  #child(descriptor: Descriptor, depth: number): Promise<void> {
    const known = this.#children.get(descriptor.digest);
    if (known !== undefined) return known;
    const moving = this.#manifest(descriptor, { tags: [], depth });
    this.#children.set(descriptor.digest, moving);
    return moving;
  }

  /** Waits for every task, also after one has failed, so that nothing runs on; throws the first failure. */
  async #all(tasks: readonly Promise<void>[]): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    const settled = tasks.map((task) =>
      task.catch((error: unknown) => {
        failure ??= { error };
        this.#stop.abort(error);
      }),
    );
    await Promise.all(settled);
    if (failure !== undefined) throw failure.error;
  }

  #announce({ digest, size, mediaType }: Descriptor): void {
    if (this.#announced.has(digest)) return;
    this.#announced.add(digest);
    this.#emit({ type: 'blob.start', digest, sizeBytes: size, mediaType });
  }

  /** Each digest once per copy, however many manifests name it. */
  #blob(descriptor: Descriptor): Promise<void> {
    const known = this.#blobs.get(descriptor.digest);
    if (known !== undefined) return known;
    const moving = this.#limiter.run(() => this.#moveBlob(descriptor));
    this.#blobs.set(descriptor.digest, moving);
    return moving;
  }

  async #moveBlob(descriptor: Descriptor): Promise<void> {
    const { digest, size } = descriptor;
    const signal = this.#signal;
    signal.throwIfAborted();
    let shownAtMs = 0;
    const result = await this.#sink.putBlob(descriptor, (open) => this.#source.blob(descriptor, open), {
      signal,
      ...(this.#source.mountFrom === undefined ? {} : { mountFrom: this.#source.mountFrom }),
      onProgress: (doneBytes) => {
        const nowMs = performance.now();
        if (nowMs - shownAtMs < PROGRESS_INTERVAL_MS && doneBytes < size) return;
        shownAtMs = nowMs;
        this.#emit({ type: 'blob.progress', digest, doneBytes });
      },
      onRetry: (notice) => this.#emit({ type: 'retry', digest, ...notice }),
    });
    this.counts[result] += 1;
    if (result === 'copied') this.copiedBytes += size;
    this.#emit({ type: 'blob.done', digest, result });
  }
}
