import { posix } from 'node:path';
import type { ApiCreateContainer, ApiHostConfig, ApiMountRequest } from '../../api/types.ts';
import { parseBind } from './bind-text.ts';
import { cleanDestination, type MountRequest, PROPAGATIONS, volumeName } from './mount-request.ts';
import { isZero, notImplemented, refused } from './refuse.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';

/**
 * `-v`, `--mount` and `--tmpfs`, each destination once.
 * @throws {EngineError} `CONFIG_REFUSED`, `NOT_IMPLEMENTED`
 */
export function mountRequests(host: ApiHostConfig): readonly MountRequest[] {
  const requests: MountRequest[] = [
    ...(host.Binds ?? []).map(parseBind),
    ...(host.Mounts ?? []).map(readMount),
    ...Object.entries(host.Tmpfs ?? {}).map(
      ([destination, options]): MountRequest => ({
        type: 'tmpfs',
        destination: cleanDestination(destination, 'tmpfs'),
        options: parseTmpfsOptions(options),
      }),
    ),
  ];
  const seen = new Set<string>();
  for (const { destination } of requests) {
    if (seen.has(destination)) throw refused(`Duplicate mount point: ${destination}`);
    seen.add(destination);
  }
  return requests;
}

/** `VOLUME` of the image and of the caller: places that get a volume unless something else is mounted there. */
export function volumeDestinations(config: Pick<ApiCreateContainer, 'Volumes'>): readonly string[] {
  return Object.keys(config.Volumes ?? {}).map((path) => {
    if (path.includes('\0') || path.includes(':')) throw refused(`invalid volume specification: '${path}'`);
    return cleanDestination(path, 'volume');
  });
}

const OPTION_FIELDS = { bind: 'BindOptions', volume: 'VolumeOptions', tmpfs: 'TmpfsOptions' } as const;
const KNOWN_FIELDS = new Set([
  'Type',
  'Source',
  'Target',
  'ReadOnly',
  'Consistency',
  ...Object.values(OPTION_FIELDS),
]);

function readMount(mount: ApiMountRequest): MountRequest {
  const { Type: type, Target, Source = '', ReadOnly = false } = mount;
  if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') {
    if (['npipe', 'cluster', 'image'].includes(type)) throw notImplemented(`A mount of the type "${type}"`);
    throw refused(`mount type unknown: "${type}"`);
  }
  const destination = cleanDestination(Target, type);
  const wrong = (why: string) => refused(`invalid mount config for type "${type}": ${why}`);
  for (const [name, value] of Object.entries(mount)) {
    if (!KNOWN_FIELDS.has(name) && !isZero(value)) throw notImplemented(`The mount setting "${name}"`);
  }
  for (const [other, field] of Object.entries(OPTION_FIELDS)) {
    if (other !== type && !isZero(mount[field])) throw wrong(`field ${field} must not be specified`);
  }
  if (typeof Source !== 'string' || Source.includes('\0')) throw wrong('invalid mount path');
  if (type === 'bind') return readBind(mount, { destination, wrong });
  if (type === 'volume') return readVolume(mount, destination);
  if (Source !== '') throw wrong('field Source must not be specified');
  return { type, destination, options: readTmpfs(mount, ReadOnly) };
}

function readBind(
  { Source = '', ReadOnly = false, BindOptions = {} }: ApiMountRequest,
  { destination, wrong }: { readonly destination: string; readonly wrong: (why: string) => Error },
): MountRequest {
  if (Source === '') throw wrong('field Source must not be empty');
  if (!Source.startsWith('/')) {
    throw wrong(`invalid mount path: '${Source}' mount path must be absolute`);
  }
  const { Propagation = '', NonRecursive = false, CreateMountpoint = false, ...rest } = BindOptions;
  if (Propagation !== '' && !PROPAGATIONS.includes(Propagation)) {
    throw wrong(`invalid propagation mode: ${Propagation}`);
  }
  refuseRest(rest, 'BindOptions', ['ReadOnlyNonRecursive']);
  return {
    type: 'bind',
    source: posix.normalize(Source).replace(/(.)\/$/, '$1'),
    destination,
    mode: '',
    isReadonly: ReadOnly,
    propagation: Propagation || 'rprivate',
    isRecursive: !NonRecursive,
    makesSource: CreateMountpoint,
  };
}

function readVolume(
  { Source = '', ReadOnly = false, VolumeOptions = {} }: ApiMountRequest,
  destination: string,
): MountRequest {
  const { NoCopy = false, Labels, ...rest } = VolumeOptions;
  const { DriverConfig, ...others } = rest as { readonly DriverConfig?: Record<string, unknown> | null };
  refuseRest(others, 'VolumeOptions', []);
  const { Name = '', Options } = DriverConfig ?? {};
  if ((Name !== '' && Name !== 'local') || !isZero(Options)) {
    throw notImplemented(
      'A volume driver with options in --mount',
      'Make the volume first: docker volume create',
    );
  }
  return {
    type: 'volume',
    name: Source === '' ? undefined : volumeName(Source),
    destination,
    mode: 'z',
    isReadonly: ReadOnly,
    noCopy: NoCopy,
    ...(isZero(Labels) || Labels === undefined ? {} : { labels: Labels }),
  };
}

function readTmpfs({ TmpfsOptions = {} }: ApiMountRequest, isReadonly: boolean): readonly string[] {
  const { SizeBytes = 0, Mode = 0, ...rest } = TmpfsOptions;
  refuseRest(rest, 'TmpfsOptions', []);
  if (
    !Number.isSafeInteger(SizeBytes) ||
    SizeBytes < 0 ||
    !Number.isSafeInteger(Mode) ||
    Mode < 0 ||
    Mode > 0o7777
  ) {
    throw refused('invalid mount config for type "tmpfs": size and mode must be whole numbers');
  }
  const given = [
    ...(isReadonly ? ['ro'] : []),
    ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
    ...(Mode > 0 ? [`mode=${Mode.toString(8)}`] : []),
  ];
  return parseTmpfsOptions(given.join(','));
}

function refuseRest(
  rest: Readonly<Record<string, unknown>>,
  field: string,
  harmless: readonly string[],
): void {
  for (const [name, value] of Object.entries(rest)) {
    if (!harmless.includes(name) && !isZero(value))
      throw notImplemented(`The mount setting ${field}.${name}`);
  }
}
