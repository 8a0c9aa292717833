import type { ChainID, Descriptor, DiffID, Digest } from '@berth/oci';
import type { Remote } from '@berth/transfer';
import type { ImagesContext } from '../context.ts';
import { recordBlobs } from '../store-image.ts';
import { compressLayer, readFileFrom } from './compress-layer.ts';
import { type KnownBlob, knownBlobs, placesOf } from './known-blobs.ts';
import type { PushLines } from './push-lines.ts';

export interface LayerToPush {
  readonly diffID: DiffID;
  readonly chainID: ChainID;
  /** Blobs of the manifest the image came with. */
  readonly preferred: ReadonlySet<Digest>;
}

/**
 * Brings one layer into a repository by the cheapest way: a compressed form of it is there, can be mounted from another
 * repository of the registry, or is made again and sent. What it became is remembered.
 *
 * @returns the form that the repository has now
 */
export async function pushLayer(
  context: ImagesContext,
  remote: Remote,
  options: {
    readonly layer: LayerToPush;
    readonly lines: PushLines;
    readonly signal: AbortSignal | undefined;
  },
): Promise<KnownBlob> {
  const { deps } = context;
  const { layer, lines, signal } = options;
  const call = signal === undefined ? {} : { signal };
  const known = await knownBlobs(deps.db, layer.diffID, layer.preferred);
  for (const blob of known) {
    if (!(await remote.hasBlob(blob, call))) continue;
    lines.status('Layer already exists');
    return remember(context, { layer, remote, blob });
  }
  for (const blob of known) {
    for (const from of await placesOf(deps.db, blob.digest, remote)) {
      if (!(await remote.mountBlob(blob, { ...call, from }))) continue;
      lines.status(`Mounted from ${from}`);
      return remember(context, { layer, remote, blob });
    }
  }
  return sendLayer(context, remote, options);
}

async function sendLayer(
  context: ImagesContext,
  remote: Remote,
  {
    layer,
    lines,
    signal,
  }: { readonly layer: LayerToPush; readonly lines: PushLines; readonly signal: AbortSignal | undefined },
): Promise<KnownBlob> {
  const { deps, staging } = context;
  const call = signal === undefined ? {} : { signal };
  await using staged = staging.temporary();
  const blob: Descriptor = await compressLayer(deps.layers.readTar(layer.chainID, call), staged.path, {
    signal,
  });
  // Before it is sent: a push that is cut finds by it what the registry has of this layer.
  await remember(context, { layer, remote: undefined, blob });
  const result = await remote.putBlob(blob, ({ offset = 0 }) => readFileFrom(staged.path, offset), {
    ...call,
    onProgress: (doneBytes) => lines.pushing(doneBytes, blob.size),
    onRetry: ({ waitMs }) => lines.status(`Retrying in ${Math.ceil(waitMs / 1000)} seconds`),
  });
  lines.status(result === 'exists' ? 'Layer already exists' : 'Pushed');
  return remember(context, { layer, remote, blob });
}

async function remember(
  { deps }: ImagesContext,
  {
    layer,
    remote,
    blob,
  }: { readonly layer: LayerToPush; readonly remote: Remote | undefined; readonly blob: KnownBlob },
): Promise<KnownBlob> {
  const place =
    remote === undefined ? undefined : { registry: remote.registry, repository: remote.repository };
  await deps.db.transaction(async (trx) => {
    const nowMs = deps.db.now().getTime();
    await recordBlobs(trx, { blobs: [{ diffID: layer.diffID, blob }], place, nowMs });
  });
  return blob;
}
