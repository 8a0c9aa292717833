import { join } from 'node:path';
import { versions } from './dmsetup.ts';
import type { OpenPool } from './open-pool.ts';
import { type Place, poolName } from './place.ts';
import { DATA_FILE, devicePath, METADATA_FILE } from './pool-ground.ts';
import { METADATA_BLOCK_BYTES } from './pool-lines.ts';
import { POOL_FOLDER } from './records.ts';
import { roomOf } from './room.ts';
import { showSize } from './sizes.ts';

type Lines = readonly (readonly [key: string, value: string])[];

/** Before the first layer. */
export function statusWithoutPool({ prefix, options }: Place): Lines {
  return [
    ['Pool Name', poolName(prefix)],
    ['Pool', 'is made with the first layer'],
    ...loopWarning(options.thinPoolDevice === undefined && options.dataDevice === undefined),
  ];
}

/** As Docker has them, in its order and words. */
export async function statusLines(
  place: Place,
  pool: OpenPool,
  options: { readonly waitingDevices: number },
): Promise<Lines> {
  const { thin, record } = pool;
  const { ground, base, fileSystem } = record;
  const { status, freeDataBytes, freeMetadataBytes } = await roomOf(place, pool);
  const blocks = (count: number) => showSize(count * thin.blockBytes);
  const metadata = (count: number) => showSize(count * METADATA_BLOCK_BYTES);
  const { library } = await versions();
  const folder = join(place.home.path, POOL_FOLDER);
  const minimum = Math.floor((status.data.total * place.options.minFreePercent) / 100);
  return [
    ['Pool Name', thin.name],
    ['Pool Blocksize', showSize(thin.blockBytes)],
    ['Base Device Size', showSize(base.bytes)],
    ['Backing Filesystem', fileSystem],
    ['Base Device UUID', record.fileSystemUuid],
    ['Udev Sync Supported', 'false'],
    ['Data file', await devicePath(thin.table.dataDevice)],
    ['Metadata file', await devicePath(thin.table.metadataDevice)],
    ...(ground.type === 'files'
      ? ([
          ['Data loop file', join(folder, DATA_FILE)],
          ['Metadata loop file', join(folder, METADATA_FILE)],
        ] as const)
      : []),
    ['Data Space Used', blocks(status.data.used)],
    ['Data Space Total', blocks(status.data.total)],
    ['Data Space Available', showSize(freeDataBytes)],
    ['Metadata Space Used', metadata(status.metadata.used)],
    ['Metadata Space Total', metadata(status.metadata.total)],
    ['Metadata Space Available', showSize(freeMetadataBytes)],
    ['Thin Pool Minimum Free Space', blocks(minimum)],
    [
      'Thin Pool When Full',
      status.errorsWhenFull ? 'writers get ENOSPC' : 'writers wait (lvchange --errorwhenfull y)',
    ],
    ['Thin Pool Transactions', String(status.transactionId)],
    ['Deferred Removal Enabled', 'true'],
    ['Deferred Deletion Enabled', 'true'],
    ['Deferred Deleted Device Count', String(options.waitingDevices)],
    ['Library Version', library],
    ...loopWarning(ground.type === 'files'),
  ];
}

function loopWarning(isOnFiles: boolean): Lines {
  if (!isOnFiles) return [];
  const words = 'Usage of loopback devices is strongly discouraged for production use';
  return [['Warning', `${words}: they are slow. Give a thin pool with dm.thinpooldev, or use overlay2`]];
}
