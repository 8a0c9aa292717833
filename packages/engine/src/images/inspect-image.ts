import type { ApiImageInspect } from '../api/types.ts';
import type { ImagesContext } from './context.ts';
import { needImage } from './find-image.ts';
import { referenceOf } from './names.ts';

const NEVER = '0001-01-01T00:00:00Z';

/** @throws {EngineError} `IMAGE_UNKNOWN` */
export async function inspectImage(context: ImagesContext, nameOrId: string): Promise<ApiImageInspect> {
  const { rows, names, deps } = context;
  const { id } = await needImage(context, nameOrId);
  const [row, config] = [await rows.row(id), await rows.config(id)];
  // Removed between the two reads: ask again, for the same answer as for any image that is not there.
  if (row === undefined || config === undefined) return inspectImage(context, nameOrId);
  const text = (key: string) => (typeof config[key] === 'string' ? config[key] : '');
  return {
    Id: id,
    RepoTags: (await rows.namesOf(id)).map(({ repository, tag }) =>
      names.familiar(referenceOf(repository, { tag })),
    ),
    RepoDigests: (await rows.digestsOf(id)).map(({ repository, digest }) =>
      names.familiar(referenceOf(repository, { digest })),
    ),
    Parent: row.parent ?? '',
    Comment: text('comment') || (config.history?.at(-1)?.comment ?? ''),
    Created: config.created ?? '',
    Author: config.author ?? '',
    DockerVersion: text('docker_version'),
    Config: config.config ?? {},
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: row.sizeBytes,
    GraphDriver: {
      Name: deps.layers.driverName,
      Data: row.chainID === undefined ? null : await deps.layers.imageGraphData(row.chainID),
    },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: row.taggedAtMs === undefined ? NEVER : new Date(row.taggedAtMs).toISOString() },
  };
}
