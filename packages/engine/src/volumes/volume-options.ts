import { EngineError } from '../errors.ts';

export type VolumeOptions = Readonly<Record<string, string>>;

/** Where a volume's data is: in its own folder, in a folder of the host, or in a tmpfs over its own folder. */
export type VolumeKind =
  | { readonly kind: 'folder' }
  | { readonly kind: 'bind'; readonly path: string }
  | { readonly kind: 'tmpfs'; readonly flags: Readonly<Record<string, true>>; readonly data: string };

const KNOWN = ['type', 'o', 'device', 'size'];
/** @see moby: volume/local/local_linux.go (mandatoryOpts) */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  type: ['device'],
  o: ['device', 'type'],
};
const FLAGS = ['nosuid', 'nodev', 'noexec', 'noatime'];
const TMPFS_DATA = /^(?:size|nr_inodes|mode|uid|gid)=[\w%]+$/;

/**
 * What the options of the `local` driver mean. They are those of mount(8): `type`, `o`, `device`.
 *
 * @throws {EngineError} `VOLUME_INVALID` in Docker's words; `NOT_IMPLEMENTED` for file systems other than bind and tmpfs
 */
export function readVolumeOptions(options: VolumeOptions | undefined): VolumeKind {
  const given = Object.keys(options ?? {});
  if (options === undefined || given.length === 0) return { kind: 'folder' };
  const unknown = given.find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw invalid(`invalid option: "${unknown}"`);
  if (options.size !== undefined) {
    throw new EngineError('NOT_IMPLEMENTED', 'quota size requested but no quota support', {
      hint: 'Give the volume a file system of its own, or a tmpfs: --opt type=tmpfs --opt o=size=100m',
    });
  }
  for (const name of given) {
    const missing = NEEDS[name]?.find((needed) => options[needed] === undefined);
    if (missing !== undefined) throw invalid(`missing required option: "${missing}"`);
  }
  const { type = '', device = '', o = '' } = options;
  const words = o.split(',').filter((word) => word !== '');
  const isBind = words.includes('bind') || words.includes('rbind');
  if (isBind && ['none', 'bind', ''].includes(type)) return readBind(device, words);
  if (type === 'tmpfs') return readTmpfs(words);
  throw new EngineError(
    'NOT_IMPLEMENTED',
    `volumes of the type "${type}" are not supported: "none" with "o=bind", and "tmpfs" are`,
    { hint: 'Mount it on the host, then: --opt type=none --opt o=bind --opt device=/the/mount' },
  );
}

function readBind(device: string, words: readonly string[]): VolumeKind {
  const other = words.find((word) => !['bind', 'rbind', 'rw', 'defaults'].includes(word));
  if (other !== undefined) {
    throw new EngineError(
      'NOT_IMPLEMENTED',
      `the mount option "${other}" of a bind volume is not supported`,
      {
        hint:
          other === 'ro' ? 'Mount it read-only where it is used: -v name:/path:ro' : `Leave out "${other}"`,
      },
    );
  }
  if (!device.startsWith('/'))
    throw invalid(`invalid option: "device" must be an absolute path, not "${device}"`);
  return { kind: 'bind', path: device };
}

function readTmpfs(words: readonly string[]): VolumeKind {
  const flags: Record<string, true> = {};
  const data: string[] = [];
  for (const word of words) {
    if (FLAGS.includes(word)) flags[word] = true;
    else if (TMPFS_DATA.test(word)) data.push(word);
    else if (!['rw', 'defaults', 'suid', 'dev', 'exec'].includes(word)) {
      throw invalid(`invalid option: "${word}" is no mount option of a tmpfs`);
    }
  }
  return { kind: 'tmpfs', flags, data: data.join(',') };
}

function invalid(message: string): EngineError {
  return new EngineError('VOLUME_INVALID', message);
}
