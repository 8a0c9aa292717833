import type { BlobStore } from '@berth/content';
import {
  type Digest,
  digestAlgorithm,
  digestBytes,
  formatPlatform,
  type ParsedManifest,
  parseManifest,
} from '@berth/oci';
import { RegistryError } from '../errors.ts';
import { blobsOf } from '../store/blobs.ts';
import { insertManifest, manifestsOf, removeManifest } from '../store/manifests.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { ensureRepository, findRepository } from '../store/repositories.ts';
import { deleteTag, deleteTagsOf, moveTags } from '../store/tags.ts';
import { type RepositoryRef, type Writing, without } from '../store/writes.ts';
import {
  describeManifest,
  type Images,
  imagesOfIndex,
  imagesOfManifest,
  type ManifestDescription,
} from './describe-manifest.ts';
import { type ManifestBody, ManifestCache } from './manifest-cache.ts';

export interface ManifestsOptions {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly sparseManifests: boolean;
  readonly cacheBytes: number;
  readonly onStep: (step: string) => void;
}

export interface PutManifest {
  readonly repository: string;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  /** The digest it was pushed by; without it sha256. */
  readonly digest: Digest | undefined;
  readonly tags: readonly string[];
  readonly actor: string;
  readonly signal?: AbortSignal;
}

export interface StoredManifest {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
}

/** Manifests and the tags that name them. */
export class Manifests {
  readonly #options: ManifestsOptions;
  readonly #store: RegistryStore;
  readonly #cache: ManifestCache;

  constructor(options: ManifestsOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#cache = new ManifestCache(options.cacheBytes);
  }

  /** The bytes behind a row that was just read; `undefined` when it was deleted meanwhile. */
  async body(digest: Digest): Promise<ManifestBody | undefined> {
    const cached = this.#cache.get(digest);
    if (cached !== undefined) return cached;
    const bytes = await this.#store.reads.manifestBytes(digest);
    return bytes === undefined ? undefined : this.#cache.set(digest, bytes);
  }

  /**
   * Stores the bytes as they came and moves the tags, in one transaction; durable when it resolves. Pushing the
   * same again changes nothing and is no error.
   *
   * @throws {OciError} `MANIFEST_INVALID`, `MEDIA_TYPE_UNKNOWN`
   * @throws {RegistryError} `DIGEST_INVALID`, `MANIFEST_BLOB_UNKNOWN` with one entry per missing digest
   */
  async put(push: PutManifest): Promise<StoredManifest> {
    const { bytes, actor, signal } = push;
    const digest = checkDigest(push);
    const parsed = parseManifest(bytes, push.contentType);
    const described = describeManifest(parsed);
    const own = await this.#ownImages(parsed, digest, signal);
    this.#options.onStep('registry.manifest.before-write');
    await this.#store.write(
      async (writing) => {
        const repository = await ensureRepository(writing, push.repository);
        const images = await this.#resolveLinks(writing, { repository, described, own });
        await insertManifest(writing, repository, {
          ...described,
          ...images,
          digest,
          mediaType: parsed.mediaType,
          bytes,
          manifests: described.manifests.map((child) => child.digest),
        });
        await moveTags(writing, repository, { tags: push.tags, digest });
      },
      { actor, ...(signal === undefined ? {} : { signal }) },
    );
    this.#options.onStep('registry.manifest.after-write');
    return { digest, subject: described.subject };
  }

  /** @returns `false` where there is no such tag */
  async deleteTag(repository: string, tag: string, options: { readonly actor: string }): Promise<boolean> {
    return this.#store.write(async (writing) => {
      const found = await findRepository(writing, repository);
      return found !== undefined && deleteTag(writing, found, tag);
    }, options);
  }

  /** Takes the manifest and its tags out of the repository. @returns `false` where there is none */
  async delete(repository: string, digest: Digest, options: { readonly actor: string }): Promise<boolean> {
    return this.#store.write(async (writing) => {
      const found = await findRepository(writing, repository);
      if (found === undefined) return false;
      await deleteTagsOf(writing, found, digest);
      return removeManifest(writing, found, digest);
    }, options);
  }

  async #ownImages(
    parsed: ParsedManifest,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<Images | undefined> {
    if (parsed.kind === 'index') return undefined;
    const { blobs } = this.#options;
    return imagesOfManifest(parsed.manifest, { digest, blobs, ...(signal === undefined ? {} : { signal }) });
  }

  async #resolveLinks(
    writing: Writing,
    push: { repository: RepositoryRef; described: ManifestDescription; own: Images | undefined },
  ): Promise<Images> {
    const { repository, described, own } = push;
    const digests = described.manifests.map((child) => child.digest);
    const known = await manifestsOf(writing, repository.id, digests);
    if (!this.#options.sparseManifests) {
      const blobs = await blobsOf(writing, repository.id, described.blobs);
      refuseMissing(repository, [
        ...without(described.blobs, blobs).map((digest) => ({ digest, what: 'blob' })),
        ...described.manifests
          .filter((child) => !known.has(child.digest))
          .map(({ digest, platform }) => ({
            digest,
            what: platform === undefined ? 'manifest' : `manifest for ${formatPlatform(platform)}`,
          })),
      ]);
    }
    return own ?? imagesOfIndex(described.manifests, known);
  }
}

interface Missing {
  readonly digest: Digest;
  readonly what: string;
}

/** One entry per digest, so that a client can push just what is missing. */
function refuseMissing(repository: RepositoryRef, missing: readonly Missing[]): void {
  const [first, ...rest] = missing;
  if (first === undefined) return;
  const also = rest.map((each) => unknownLink(repository, each));
  throw unknownLink(repository, first, also);
}

function unknownLink(
  repository: RepositoryRef,
  { digest, what }: Missing,
  also: readonly RegistryError[] = [],
): RegistryError {
  return new RegistryError(
    'MANIFEST_BLOB_UNKNOWN',
    `Cannot store manifest: the ${what} "${digest}" is not in repository "${repository.name}"`,
    { hint: 'Push it first, then the manifest', detail: { digest }, also },
  );
}

function checkDigest(push: PutManifest): Digest {
  if (push.digest === undefined) return digestBytes(push.bytes);
  const actual = digestBytes(push.bytes, digestAlgorithm(push.digest));
  if (actual === push.digest) return actual;
  throw new RegistryError(
    'DIGEST_INVALID',
    `Cannot store manifest: expected digest "${push.digest}", the body has "${actual}"`,
    { hint: 'Send exactly the bytes that the digest was made of', detail: { expected: push.digest, actual } },
  );
}
