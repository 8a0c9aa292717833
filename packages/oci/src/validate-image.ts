import { hasCode } from '@berth/errors';
import type { Descriptor } from './descriptor.ts';
import { type Digest, Digester, digestAlgorithm, digestBytes } from './digest.ts';
import { CONFIG_MAX_SIZE_BYTES, type ImageConfig, parseImageConfig } from './image-config.ts';
import type { ImageMismatch, ImageMismatchCode } from './image-mismatch.ts';
import type { Manifest } from './manifest.ts';
import { isNondistributable, MEDIA_TYPE_DOCKER_CONFIG, MEDIA_TYPE_OCI_CONFIG } from './media-types.ts';
import { embeddedData } from './parse-descriptor.ts';
import { MANIFEST_MAX_SIZE_BYTES, type ParsedManifest, parseManifest } from './parse-manifest.ts';
import type { Platform } from './platform.ts';
import { formatPlatform } from './platform-text.ts';
import { inspectLayer } from './validate-layer.ts';
import { readAll } from './verify.ts';

export interface ImageToValidate {
  /** What the image was found by; an index is followed to its children. */
  readonly descriptor: Descriptor;
  readonly manifest: Uint8Array;
  /** Bytes of a config, a layer or a child manifest, from the start at each call; `undefined` when not there. */
  blob(digest: Digest): AsyncIterable<Uint8Array> | undefined;
}

export interface ValidateImageOptions {
  /** Looked at before each blob; nothing remains after it. */
  readonly signal?: AbortSignal;
  /** Children that an index names and that are not there are no mismatch. */
  readonly isSparseAllowed?: boolean;
}

/**
 * Recomputes everything that an image claims from its bytes: digests, sizes, diffIDs, counts, platform, compression,
 * readable tars. Each layer is read more than once. Non-distributable layers may be missing.
 *
 * @returns all mismatches, in the order of the image; empty for a sound image
 * @throws only what `blob` throws, and an `AbortError`
 */
export async function validateImage(
  image: ImageToValidate,
  options: ValidateImageOptions = {},
): Promise<ImageMismatch[]> {
  const validation = new Validation(image, options);
  await validation.manifest(image.descriptor, image.manifest);
  return validation.found;
}

class Validation {
  readonly found: ImageMismatch[] = [];
  readonly #image: ImageToValidate;
  readonly #options: ValidateImageOptions;
  readonly #seen = new Set<string>();

  constructor(image: ImageToValidate, options: ValidateImageOptions) {
    this.#image = image;
    this.#options = options;
  }

  async manifest(descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const actual = digestBytes(bytes, digestAlgorithm(descriptor.digest));
    this.#compare('MANIFEST_DIGEST', descriptor, { what: 'digest', expected: descriptor.digest, actual });
    this.#compare('MANIFEST_SIZE', descriptor, {
      what: 'size',
      expected: descriptor.size,
      actual: bytes.byteLength,
    });
    const parsed = this.#parse(descriptor, bytes);
    if (parsed?.kind === 'index') {
      for (const child of parsed.index.manifests) await this.#child(child);
    } else if (parsed !== undefined) {
      await this.#imageManifest(parsed.manifest, descriptor);
    }
  }

  #parse(descriptor: Descriptor, bytes: Uint8Array): ParsedManifest | undefined {
    try {
      return parseManifest(bytes, descriptor.mediaType);
    } catch (error) {
      if (!hasCode(error) || !['MANIFEST_INVALID', 'MEDIA_TYPE_UNKNOWN'].includes(error.code)) throw error;
      this.#add('MANIFEST_INVALID', descriptor, error.message);
      return undefined;
    }
  }

  async #child(child: Descriptor): Promise<void> {
    // Indexes that name each other's children many times would otherwise be walked without end.
    const key = `${child.digest} ${child.platform === undefined ? '' : formatPlatform(child.platform)}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#checkData(child);
    const bytes = await this.#small(child, MANIFEST_MAX_SIZE_BYTES, this.#options.isSparseAllowed);
    if (bytes !== undefined) await this.manifest(child, bytes);
  }

  async #imageManifest(manifest: Manifest, descriptor: Descriptor): Promise<void> {
    const isImage = [MEDIA_TYPE_OCI_CONFIG, MEDIA_TYPE_DOCKER_CONFIG].includes(manifest.config.mediaType);
    this.#checkData(manifest.config);
    const config = isImage ? await this.#config(manifest.config) : undefined;
    if (!isImage) await this.#bytes(manifest.config);
    if (config !== undefined) {
      this.#counts(config, manifest);
      this.#platform(config, descriptor);
    }
    const diffIDs = config?.rootfs.diff_ids;
    for (const [index, layer] of manifest.layers.entries()) {
      this.#checkData(layer);
      const isIntact = await this.#bytes(layer, isNondistributable(layer.mediaType));
      if (isIntact && isImage) await this.#layer(layer, diffIDs?.[index]);
    }
  }

  async #config(descriptor: Descriptor): Promise<ImageConfig | undefined> {
    const bytes = await this.#small(descriptor, CONFIG_MAX_SIZE_BYTES);
    if (bytes === undefined) return undefined;
    const actual = digestBytes(bytes, digestAlgorithm(descriptor.digest));
    this.#compare('BLOB_DIGEST', descriptor, { what: 'digest', expected: descriptor.digest, actual });
    this.#compare('BLOB_SIZE', descriptor, {
      what: 'size',
      expected: descriptor.size,
      actual: bytes.byteLength,
    });
    try {
      return parseImageConfig(bytes);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'CONFIG_INVALID') throw error;
      this.#add('CONFIG_INVALID', descriptor, error.message);
      return undefined;
    }
  }

  #counts(config: ImageConfig, manifest: Manifest): void {
    const expected = manifest.layers.length;
    const { diff_ids: diffIDs } = config.rootfs;
    this.#compare('LAYER_COUNT', manifest.config, { what: 'diffIDs', expected, actual: diffIDs.length });
    if (config.history === undefined || config.history.length === 0) return;
    const actual = config.history.filter((step) => step.empty_layer !== true).length;
    this.#compare('HISTORY_COUNT', manifest.config, { what: 'history steps with a layer', expected, actual });
  }

  #platform(config: Platform, descriptor: Descriptor): void {
    if (descriptor.platform === undefined) return;
    const expected = formatPlatform(descriptor.platform);
    this.#compare('PLATFORM', descriptor, { what: 'platform', expected, actual: formatPlatform(config) });
  }

  async #layer(layer: Descriptor, diffID: string | undefined): Promise<void> {
    const open = () => this.#image.blob(layer.digest);
    const report = await inspectLayer(open, { mediaType: layer.mediaType, diffID, ...this.#options });
    for (const fault of report.faults) this.#add(fault.code, layer, fault.message);
    if (diffID !== undefined && report.diffID !== undefined) {
      this.#compare('DIFF_ID', layer, { what: 'diffID', expected: diffID, actual: report.diffID });
    }
  }

  /** Counts and hashes; false when it is missing or not what it must be, so that nothing more is told of it. */
  async #bytes(descriptor: Descriptor, mayBeMissing = false): Promise<boolean> {
    const source = this.#open(descriptor, mayBeMissing);
    if (source === undefined) return false;
    const digester = new Digester(digestAlgorithm(descriptor.digest));
    let size = 0;
    for await (const chunk of source) {
      size += chunk.byteLength;
      digester.update(chunk);
    }
    const before = this.found.length;
    const actual = digester.digest();
    this.#compare('BLOB_DIGEST', descriptor, { what: 'digest', expected: descriptor.digest, actual });
    this.#compare('BLOB_SIZE', descriptor, { what: 'size', expected: descriptor.size, actual: size });
    return this.found.length === before;
  }

  /** Whole content of what has a limit. Above the limit it is cut off there, and size and digest tell. */
  async #small(descriptor: Descriptor, limit: number, mayBeMissing = false): Promise<Uint8Array | undefined> {
    const source = this.#open(descriptor, mayBeMissing);
    if (source === undefined) return undefined;
    return readAll(firstBytes(source, limit + 1), { maxSizeBytes: limit + 1, what: descriptor.digest });
  }

  #open(descriptor: Descriptor, mayBeMissing: boolean): AsyncIterable<Uint8Array> | undefined {
    this.#options.signal?.throwIfAborted();
    const source = this.#image.blob(descriptor.digest);
    if (source === undefined && !mayBeMissing) {
      this.#add(
        'BLOB_MISSING',
        descriptor,
        `Expected "${descriptor.digest}" (${descriptor.mediaType}), it is not there`,
      );
    }
    return source;
  }

  #checkData(descriptor: Descriptor): void {
    if (descriptor.data === undefined || embeddedData(descriptor) !== undefined) return;
    this.#add(
      'EMBEDDED_DATA',
      descriptor,
      `The data in the descriptor of "${descriptor.digest}" is not these bytes`,
    );
  }

  #compare(code: ImageMismatchCode, descriptor: Descriptor, sides: Sides): void {
    const { what, expected, actual } = sides;
    if (expected === actual) return;
    this.#add(
      code,
      descriptor,
      `Expected ${what} "${expected}" of "${descriptor.digest}", got "${actual}"`,
      sides,
    );
  }

  #add(code: ImageMismatchCode, descriptor: Descriptor, message: string, sides?: Sides): void {
    const both = sides === undefined ? {} : { expected: sides.expected, actual: sides.actual };
    this.found.push({ code, message, digest: descriptor.digest, ...both });
  }
}

interface Sides {
  readonly what: string;
  readonly expected: string | number;
  readonly actual: string | number;
}

async function* firstBytes(
  source: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.byteLength);
    if (left === 0) return;
  }
}
