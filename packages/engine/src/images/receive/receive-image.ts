import { hasCode, isAbort } from '@berth/errors';
import {
  type ChainID,
  chainIDs,
  type Descriptor,
  type DiffID,
  type ImageID,
  type Platform,
} from '@berth/oci';
import type { LayerInfo, LayerInput } from '@berth/storage';
import type { ImageSource, RetryNotice } from '@berth/transfer';
import type { ImagesContext } from '../context.ts';
import type { ImageDigest, ImageName } from '../image-rows.ts';
import { ownerOf } from '../layer-holds.ts';
import type { PartialBlobs } from '../staging/partial-blobs.ts';
import { type MovedName, storeImage } from '../store-image.ts';
import { needSpace } from './free-space.ts';
import type { LayerReport } from './layer-progress.ts';
import { OpenStreams } from './open-streams.ts';
import { type ImageToReceive, readConfig, readManifest } from './read-image.ts';
import { rememberManifests } from './remember-manifests.ts';

export interface ReceiveOptions {
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
  readonly names?: readonly ImageName[];
  readonly digests?: readonly ImageDigest[];
  /** The repository it comes from; a later push may mount from there. */
  readonly place?: { readonly registry: string; readonly repository: string } | undefined;
  /** Where cut downloads are kept; without it they are not. */
  readonly parts?: PartialBlobs;
  /** Who is told about each layer. */
  readonly report?: (layer: { readonly blob: Descriptor; readonly diffID: DiffID }) => LayerReport;
  /** `false`: manifest and compressed layers are made up and not worth keeping (a docker-archive has none). */
  readonly keepsManifest?: boolean;
  /** Called when manifest and platform are known, before the first layer. */
  readonly onManifest?: () => void;
}

export interface ReceivedImage {
  readonly id: ImageID;
  /** Names that led to other images until now. */
  readonly moved: readonly MovedName[];
  /** `false`: the image and all the names were here. */
  readonly isChanged: boolean;
}

/**
 * Brings an image in from any source: manifest, config, layers, then all of it visible by one transaction.
 *
 * Two at once share the work on their layers. After an abort or a failure nothing of the image is visible; layers that came
 * through and that another image has too stay with that one, the beginnings of the others stay in staging.
 */
export async function receiveImage(
  context: ImagesContext,
  source: ImageSource,
  descriptor: Descriptor,
  options: ReceiveOptions,
): Promise<ReceivedImage> {
  const remembering = rememberManifests(source);
  const { platform, signal } = options;
  const found = await readManifest(remembering, descriptor, { platform, signal });
  options.onManifest?.();
  await using hold = await context.holds.hold(ownerOf(found.id));
  try {
    return await receiveHeld(context, remembering, { found, options });
  } catch (error) {
    if (options.parts !== undefined && (signal?.aborted || isResumable(error))) hold.keep();
    // What was refused leaves nothing: whole layers below the one that was wrong are nobody's.
    else await context.deps.layers.sweep();
    throw error;
  }
}

/** The caller went, or the way to the registry broke: what came so far is good. */
function isResumable(error: unknown): boolean {
  const codes = ['REGISTRY_UNREACHABLE', 'REGISTRY_BUSY', 'UNAUTHENTICATED'];
  return isAbort(error) || (hasCode(error) && codes.includes(error.code));
}

async function receiveHeld(
  context: ImagesContext,
  remembering: ImageSource,
  { found, options }: { readonly found: ImageToReceive; readonly options: ReceiveOptions },
): Promise<ReceivedImage> {
  const { signal, names = [], digests = [], place, keepsManifest = true } = options;
  const known = await context.rows.configBytes(found.id);
  const { config, configBytes } =
    known === undefined
      ? await readConfig(remembering, found, { signal })
      : { config: await context.rows.config(found.id), configBytes: known };
  if (config === undefined) throw new Error(`The config of "${found.id}" went while it was held`);
  const { diff_ids: diffIDs } = config.rootfs;
  const layers =
    known === undefined
      ? await applyLayers(context, remembering, { found, diffIDs, options })
      : await storedLayers(context, diffIDs);
  const { moved, isChanged } = await storeImage(
    context.deps,
    {
      config,
      configBytes,
      layers,
      names,
      digests,
      ...(keepsManifest
        ? {
            manifest: found.manifestBytes,
            blobs: found.manifest.layers.map((blob, at) => ({ diffID: diffIDs[at] as DiffID, blob })),
          }
        : {}),
      place,
    },
    { signal },
  );
  for (const { digest } of found.manifest.layers) await options.parts?.forget(digest);
  return { id: found.id, moved, isChanged };
}

interface Applying {
  readonly found: ImageToReceive;
  readonly diffIDs: readonly DiffID[];
  readonly options: ReceiveOptions;
}

/** What a damaged beginning of a download can look like, depending on who notices first. */
const DAMAGE = [
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'DIFF_ID_MISMATCH',
  'COMPRESSION_INVALID',
  'TAR_INVALID',
  'LAYER_REFUSED',
];

async function applyLayers(
  context: ImagesContext,
  source: ImageSource,
  applying: Applying,
): Promise<readonly LayerInfo[]> {
  const { parts } = applying.options;
  const { layers } = applying.found.manifest;
  const begun: Descriptor[] = [];
  for (const layer of layers) if (((await parts?.size(layer)) ?? 0) > 0) begun.push(layer);
  try {
    return await applyOnce(context, source, applying);
  } catch (error) {
    const isDamage = hasCode(error) && DAMAGE.includes(error.code);
    if (parts === undefined || begun.length === 0 || !isDamage) throw error;
    for (const { digest } of begun) await parts.forget(digest);
    return applyOnce(context, source, applying);
  }
}

async function applyOnce(
  { deps }: ImagesContext,
  source: ImageSource,
  { found, diffIDs, options }: Applying,
): Promise<readonly LayerInfo[]> {
  const { signal, parts, report = () => SILENT } = options;
  const { layers } = found.manifest;
  const lines = layers.map((blob, at) => report({ blob, diffID: diffIDs[at] as DiffID }));
  const isThere = await knownLayers(deps.layers, chainIDs(diffIDs));
  let missingBytes = 0;
  for (const [at, line] of lines.entries()) {
    if (isThere[at] === true) line.exists();
    else {
      line.announced();
      const layer = layers[at] as Descriptor;
      missingBytes += layer.size - ((await parts?.size(layer)) ?? 0);
    }
  }
  await needSpace(deps.dataRoot, missingBytes);
  const missing = [...layers.keys()].filter((at) => isThere[at] !== true);
  const bySize = missing.toSorted((a, b) => (layers[b]?.size ?? 0) - (layers[a]?.size ?? 0));
  for (const at of bySize.slice(SIDE_BY_SIDE)) lines[at]?.waits();
  await using streams = new OpenStreams();
  const inputs = layers.map((layer, at): LayerInput => {
    const line = lines[at] as LayerReport;
    const diffID = diffIDs[at] as DiffID;
    return {
      diffID,
      sizeBytes: layer.size,
      open: (call) =>
        streams.follow(openBlob(source, layer, { parts, signal: call.signal, line, diffID }), line),
      onProgress: (progress) => line.applying(progress),
    };
  });
  return await deps.layers.apply({
    layers: inputs,
    owner: ownerOf(found.id),
    ...(signal === undefined ? {} : { signal }),
  });
}

const SILENT: LayerReport = {
  exists() {},
  announced() {},
  waits() {},
  read() {},
  whole() {},
  retries() {},
  applying() {},
};

/** As many layers as the layer store unpacks at once, the largest first. */
const SIDE_BY_SIDE = 4;

function openBlob(
  source: ImageSource,
  layer: Descriptor,
  {
    parts,
    signal,
    line,
    diffID,
  }: {
    readonly parts: PartialBlobs | undefined;
    readonly signal: AbortSignal | undefined;
    readonly line: LayerReport;
    readonly diffID: DiffID;
  },
): AsyncIterable<Uint8Array> {
  const onRetry = ({ waitMs }: RetryNotice) => line.retries(Math.ceil(waitMs / 1000));
  // A plain layer is its diffID, which the layer store takes in any case.
  const verifies = layer.digest !== diffID;
  // The layer store copies what it is given before it asks for more.
  const call = { ...(signal === undefined ? {} : { signal }), onRetry, verifies, reusesMemory: true };
  return parts === undefined ? source.blob(layer, call) : parts.read(source, layer, call);
}

/** For each layer whether it and all below it are there. */
async function knownLayers(
  store: ImagesContext['deps']['layers'],
  chain: readonly ChainID[],
): Promise<readonly boolean[]> {
  const known: boolean[] = [];
  for (const chainID of chain) {
    known.push(known.at(-1) !== false && (await store.layer(chainID)) !== undefined);
  }
  return known;
}

async function storedLayers(
  { deps }: ImagesContext,
  diffIDs: readonly DiffID[],
): Promise<readonly LayerInfo[]> {
  const layers: LayerInfo[] = [];
  for (const chainID of chainIDs(diffIDs)) {
    const layer = await deps.layers.layer(chainID);
    if (layer === undefined) throw new Error(`Layer "${chainID}" of an image went while the image was held`);
    layers.push(layer);
  }
  return layers;
}
