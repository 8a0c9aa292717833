import { hasCode } from '@berth/errors';
import { chainIDs, type DiffID, type ImageID, MEDIA_TYPE_OCI_CONFIG, type Reference } from '@berth/oci';
import { Limiter, type Remote } from '@berth/transfer';
import { EngineError } from '../../errors.ts';
import type { PullOptions } from '../../interface.ts';
import { emitImageEvent, type ImagesContext } from '../context.ts';
import { ownerOf } from '../layer-holds.ts';
import { bareReference, fullName, repositoryKey } from '../names.ts';
import { saidBy } from '../pull/pull-failure.ts';
import type { OnProgress } from '../receive/layer-progress.ts';
import { openRepository } from '../remote.ts';
import type { KnownBlob } from './known-blobs.ts';
import { pushLayer } from './push-layer.ts';
import { PushLines } from './push-lines.ts';
import { pushedManifest, readStoredManifests } from './pushed-manifest.ts';

export interface PushedTag {
  readonly tag: string;
  readonly digest: string;
  readonly size: number;
}

/** Layers on their way at once, as dockerd has it. */
const SIDE_BY_SIDE = 5;

/**
 * Sends an image, or with `allTags` all tags of a repository, to its registry: layers side by side, then config, manifest and tag.
 * The tag in the registry moves when all is there; after an abort or a failure what was sent stays there for the next try.
 *
 * @throws {EngineError} `IMAGE_UNKNOWN`, `REFERENCE_INVALID`; {TransferError} what the registry says
 */
export async function pushImage(
  context: ImagesContext,
  text: string,
  options: Omit<PullOptions, 'platform'> = {},
): Promise<readonly PushedTag[]> {
  const { deps, names } = context;
  const { allTags = false, credentials, onProgress = () => {}, signal } = options;
  const reference = names.parse(text, allTags ? {} : { defaultTag: 'latest' });
  if (reference.digest !== undefined) {
    throw new EngineError('REFERENCE_INVALID', 'cannot push a digest reference');
  }
  onProgress({ status: `The push refers to repository [${fullName(bareReference(reference))}]` });
  const images = await imagesOf(context, reference);
  await using remote = await openRepository(deps, reference, { access: 'push', credentials });
  const push = new Push(context, { remote, onProgress, signal });
  const pushed: PushedTag[] = [];
  try {
    for (const { tag, id } of images) pushed.push(await push.image(id, { ...reference, tag }));
  } catch (error) {
    throw pushFailure(error);
  }
  await emitImageEvent(context, {
    action: 'push',
    id: names.familiar(reference),
    name: names.familiar(bareReference(reference)),
    ...(images[0] === undefined ? {} : { labelsOf: images[0].id }),
  });
  return pushed;
}

type NamedTag = NonNullable<Reference['tag']>;

async function imagesOf(
  { rows, names }: ImagesContext,
  reference: Reference,
): Promise<readonly { readonly tag: NamedTag; readonly id: ImageID }[]> {
  const repository = repositoryKey(reference);
  const all = await rows.tagsOf(repository);
  if (all.length === 0) {
    const name = names.familiar(bareReference(reference));
    throw new EngineError('IMAGE_UNKNOWN', `An image does not exist locally with the tag: ${name}`, {
      hint: `Give an image this name first: docker tag IMAGE ${name}`,
    });
  }
  const found = all.filter(({ tag }) => reference.tag === undefined || tag === reference.tag);
  if (found.length === 0) {
    throw new EngineError('IMAGE_UNKNOWN', `tag does not exist: ${names.familiar(reference)}`);
  }
  return found.map(({ tag, id }) => ({ tag: names.parse(`${repository}:${tag}`).tag as NamedTag, id }));
}

class Push {
  readonly #context: ImagesContext;
  readonly #remote: Remote;
  readonly #send: OnProgress;
  readonly #signal: AbortSignal | undefined;
  readonly #limiter = new Limiter(SIDE_BY_SIDE);
  /** Each layer once, however many tags and places it has. */
  readonly #layers = new Map<DiffID, Promise<KnownBlob>>();

  constructor(
    context: ImagesContext,
    {
      remote,
      onProgress,
      signal,
    }: { readonly remote: Remote; readonly onProgress: OnProgress; readonly signal: AbortSignal | undefined },
  ) {
    this.#context = context;
    this.#remote = remote;
    this.#send = onProgress;
    this.#signal = signal;
  }

  async image(id: ImageID, reference: Reference & { readonly tag: NamedTag }): Promise<PushedTag> {
    const { rows, holds, deps } = this.#context;
    await using _hold = await holds.hold(ownerOf(id));
    const [config, bytes] = [await rows.config(id), await rows.configBytes(id)];
    if (config === undefined || bytes === undefined) {
      throw new EngineError('IMAGE_UNKNOWN', `No such image: ${id}`);
    }
    const stored = readStoredManifests(await rows.manifestsOf(id));
    const preferred = new Set(stored.flatMap(({ manifest }) => manifest.layers.map(({ digest }) => digest)));
    const layers = await this.#bring(config.rootfs.diff_ids, preferred);
    const call = this.#signal === undefined ? {} : { signal: this.#signal };
    const descriptor = { mediaType: MEDIA_TYPE_OCI_CONFIG, digest: id, size: bytes.length };
    async function* configBytes(offset: number): AsyncGenerator<Uint8Array> {
      yield (bytes as Uint8Array).subarray(offset);
    }
    await this.#remote.putBlob(descriptor, ({ offset = 0 }) => configBytes(offset), call);
    const manifest = pushedManifest({ id, size: bytes.length }, layers, stored);
    await this.#remote.putManifest(manifest, [reference.tag], call);
    const { digest, size } = manifest.descriptor;
    await deps.db.transaction(async (trx) => {
      await trx
        .insertInto('image_digests')
        .values({ repository: repositoryKey(reference), digest, image_id: id })
        .onConflict((on) => on.columns(['repository', 'digest']).doUpdateSet({ image_id: id }))
        .execute();
      await trx
        .insertInto('image_manifests')
        .values({ image_id: id, digest, media_type: manifest.descriptor.mediaType, bytes: manifest.bytes })
        .onConflict((on) => on.doNothing())
        .execute();
    });
    this.#send({ status: `${reference.tag}: digest: ${digest} size: ${size}` });
    this.#send({ progressDetail: {}, aux: { Tag: reference.tag, Digest: digest, Size: size } });
    return { tag: reference.tag, digest, size };
  }

  /** All layers of an image; the first that fails ends it, when nothing runs on any more. */
  async #bring(
    diffIDs: readonly DiffID[],
    preferred: ReadonlySet<KnownBlob['digest']>,
  ): Promise<readonly KnownBlob[]> {
    const chain = chainIDs(diffIDs);
    const stop = new AbortController();
    const signal = this.#signal === undefined ? stop.signal : AbortSignal.any([this.#signal, stop.signal]);
    const begun = new Map<DiffID, PushLines>();
    // Docker goes from the top to the base.
    for (const diffID of new Set(diffIDs.toReversed())) {
      if (this.#layers.has(diffID)) continue;
      const lines = new PushLines(diffID, this.#send);
      lines.status('Preparing');
      begun.set(diffID, lines);
    }
    for (const lines of [...begun.values()].slice(SIDE_BY_SIDE)) lines.status('Waiting');
    for (const [diffID, lines] of begun) {
      const layer = { diffID, chainID: chain[diffIDs.indexOf(diffID)] as (typeof chain)[number], preferred };
      const pushing = this.#limiter.run(async () => {
        signal.throwIfAborted();
        return pushLayer(this.#context, this.#remote, { layer, lines, signal });
      });
      this.#layers.set(diffID, pushing);
    }
    let failure: { readonly error: unknown } | undefined;
    const settled = diffIDs.map((diffID) =>
      (this.#layers.get(diffID) as Promise<KnownBlob>).catch((error: unknown) => {
        failure ??= { error };
        stop.abort(error);
        return undefined;
      }),
    );
    const layers = await Promise.all(settled);
    if (failure !== undefined) throw failure.error;
    return layers.flatMap((blob) => blob ?? []);
  }
}

/** What dockerd says where the registry gives no words of its own, as to HEAD. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['UNAUTHENTICATED', 'unauthorized: authentication required'],
  ['DENIED', 'denied: requested access to the resource is denied'],
]);

function pushFailure(error: unknown): unknown {
  const refusal = hasCode(error) ? REFUSALS.get(error.code) : undefined;
  if (refusal === undefined) return error;
  return new EngineError('PUSH_REFUSED', saidBy(error as Error) ?? refusal, {
    hint: 'Sign in with an account that may push there: docker login',
    cause: error,
  });
}
