import { formatPlatform, hostPlatform, type Platform, parsePlatform, type Reference } from '@berth/oci';
import type { Remote } from '@berth/transfer';
import { EngineError } from '../../errors.ts';
import type { PullOptions } from '../../interface.ts';
import { emitImageEvent, type ImagesContext } from '../context.ts';
import { bareReference, repositoryKey } from '../names.ts';
import { type OnProgress, PullLines } from '../receive/layer-progress.ts';
import { receiveImage } from '../receive/receive-image.ts';
import { openRepository } from '../remote.ts';
import type { PartialBlobs } from '../staging/partial-blobs.ts';
import { pullFailure } from './pull-failure.ts';

export interface PulledImage {
  readonly id: string;
  /** What the name led to in the registry: of the index, where it is one. */
  readonly digest: string;
  /** The name leads to another image than before. */
  readonly isNew: boolean;
}

/**
 * Brings an image in from its registry and lets its name lead to it.
 *
 * Goes on with what an earlier pull had fetched of a layer. After an abort nothing but that is left.
 *
 * @throws {EngineError} `IMAGE_UNKNOWN` in Docker's sentences, `REFERENCE_INVALID`, `IMAGE_INVALID`, `DISK_FULL`
 * @throws {TransferError} what the registry or the way to it says
 */
export async function pullImage(
  context: ImagesContext & { readonly parts: PartialBlobs },
  text: string,
  options: PullOptions = {},
): Promise<PulledImage> {
  const { deps, names } = context;
  const { allTags = false, credentials, onProgress = () => {}, signal } = options;
  const reference = names.parse(text, allTags ? {} : { defaultTag: 'latest' });
  const platform = options.platform ? readPlatform(options.platform) : undefined;
  await using remote = await openRepository(deps, reference, { access: 'pull', credentials });
  const shown = allTags ? bareReference(reference) : reference;
  const pulling = { remote, platform, onProgress, signal };
  const pulled =
    allTags && reference.digest === undefined && reference.tag === undefined
      ? await pullAll(context, reference, pulling)
      : await pullOne(context, reference, pulling);
  const status = pulled.isNew ? 'Downloaded newer image for' : 'Image is up to date for';
  onProgress({ status: `Status: ${status} ${names.familiar(shown)}` });
  await emitImageEvent(context, {
    action: 'pull',
    id: names.familiar(shown),
    name: names.familiar(bareReference(shown)),
    labelsOf: pulled.id,
  });
  return pulled;
}

interface Pulling {
  readonly remote: Remote;
  readonly platform: Platform | undefined;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

type Pulled = PulledImage & Pick<Awaited<ReturnType<typeof receiveImage>>, 'id'>;

async function pullAll(
  context: ImagesContext & { readonly parts: PartialBlobs },
  reference: Reference,
  pulling: Pulling,
): Promise<Pulled> {
  const { remote, signal } = pulling;
  const { names } = context;
  let last: Pulled | undefined;
  let isNew = false;
  try {
    for await (const tag of remote.tags(signal === undefined ? {} : { signal })) {
      const tagged = names.parse(`${repositoryKey(reference)}:${tag}`);
      last = await pullOne(context, tagged, pulling);
      isNew ||= last.isNew;
    }
  } catch (error) {
    const name = names.familiar(reference);
    throw pullFailure(error, { name, reference: name });
  }
  if (last !== undefined) return { ...last, isNew };
  throw new EngineError('IMAGE_UNKNOWN', `repository ${names.familiar(reference)} not found: it has no tags`);
}

async function pullOne(
  context: ImagesContext & { readonly parts: PartialBlobs },
  reference: Reference,
  { remote, platform, onProgress, signal }: Pulling,
): Promise<Pulled> {
  const { names, parts } = context;
  const call = signal === undefined ? {} : { signal };
  const named = reference.digest ?? reference.tag;
  const shown = { name: names.familiar(bareReference(reference)), reference: names.familiar(reference) };
  const descriptor = await remote.resolve(named, call).catch((error: unknown) => {
    throw pullFailure(error, shown);
  });
  const key = repositoryKey(reference);
  const { tag, digest } = reference;
  const received = await receiveImage(context, remote, descriptor, {
    platform: platform ?? hostPlatform(),
    signal,
    parts,
    // With a digest the tag is only for people.
    names: tag === undefined || digest !== undefined ? [] : [{ repository: key, tag }],
    digests: [{ repository: key, digest: descriptor.digest }],
    place: { registry: remote.registry, repository: remote.repository },
    report: ({ blob }) => new PullLines(blob, onProgress),
    onManifest: () => onProgress({ status: `Pulling from ${reference.repository}`, id: `${named}` }),
  }).catch((error: unknown) => {
    throw pullFailure(error, shown);
  });
  onProgress({ status: `Digest: ${descriptor.digest}` });
  if (platform !== undefined) await warnOfPlatform(context, received.id, { platform, reference, onProgress });
  return { id: received.id, digest: descriptor.digest, isNew: received.isChanged };
}

/** An image that is in no index is taken whatever it is for; the user should know. */
async function warnOfPlatform(
  { rows, names }: ImagesContext,
  id: Pulled['id'],
  {
    platform,
    reference,
    onProgress,
  }: { readonly platform: Platform; readonly reference: Reference; readonly onProgress: OnProgress },
): Promise<void> {
  const config = await rows.config(id);
  if (config === undefined) return;
  const [wanted, actual] = [formatPlatform(platform), formatPlatform(config)];
  if (wanted === actual || actual.startsWith(`${wanted}/`)) return;
  onProgress({
    status:
      `WARNING: image with reference ${names.familiar(reference)} was found but its platform (${actual}) ` +
      `does not match the specified platform (${wanted})`,
  });
}

function readPlatform(text: string): Platform {
  return parsePlatform(text);
}
