import { cleanEntryPath, isWhiteout, type TarEntry } from '@berth/oci';

/** What a tar says there is at the end, by clean path; whiteouts aside. */
export class LayerEntries {
  readonly #byPath = new Map<string, TarEntry>();

  /** Clean paths: the folders on their way are in the layer, also where no entry says so. */
  readonly whiteouts: string[] = [];

  /** Clean paths that hard links name: one of a layer below was copied into this one. */
  readonly linkTargets: string[] = [];

  get byPath(): ReadonlyMap<string, TarEntry> {
    return this.#byPath;
  }

  add(entry: TarEntry): void {
    const clean = cleanEntryPath(entry.path);
    if ('refused' in clean) return;
    if (isWhiteout(clean.path)) return void this.whiteouts.push(clean.path);
    const target = entry.type === 'hardlink' ? cleanEntryPath(entry.linkPath) : undefined;
    if (target !== undefined && 'path' in target) this.linkTargets.push(target.path);
    const before = this.#byPath.get(clean.path);
    if (before?.type === 'directory' && entry.type !== 'directory') {
      // What was in it went with it.
      for (const path of this.#byPath.keys())
        if (path.startsWith(`${clean.path}/`)) this.#byPath.delete(path);
    }
    this.#byPath.set(clean.path, entry);
  }
}

const NANOSECONDS = 1_000_000_000n;

/** @returns a sentence for each attribute that is not the same */
export function compareEntries(
  path: string,
  { expected, actual }: { readonly expected: TarEntry; readonly actual: TarEntry },
): readonly string[] {
  // Which of the names of a file, a symlink or a device is "it" and which are its links is the order of a tar, no more.
  const isLink = expected.type === 'hardlink' || actual.type === 'hardlink';
  if (isLink && expected.type !== 'directory' && actual.type !== 'directory') return [];
  if (expected.type !== actual.type) {
    return [`"${path}" is a ${actual.type}, not a ${expected.type}`];
  }
  const differs = (what: string, before: string | number | bigint, now: string | number | bigint) =>
    before === now ? [] : [`"${path}" has the ${what} ${now}, not ${before}`];
  const mode = ({ mode }: TarEntry) => mode.toString(8).padStart(4, '0');
  const owner = ({ uid, gid }: TarEntry) => `${uid}:${gid}`;
  const device = ({ devMajor, devMinor }: TarEntry) => `${devMajor}:${devMinor}`;
  // Some file systems keep whole seconds.
  const seconds = ({ mtime }: TarEntry) =>
    (mtime - (((mtime % NANOSECONDS) + NANOSECONDS) % NANOSECONDS)) / NANOSECONDS;
  return [
    ...differs('size', expected.size, actual.size),
    ...(expected.type === 'symlink'
      ? differs('target', expected.linkPath, actual.linkPath)
      : differs('mode', mode(expected), mode(actual))),
    ...differs('owner', owner(expected), owner(actual)),
    ...differs('device number', device(expected), device(actual)),
    // The root's time changes with every name in it.
    ...(path === '.' ? [] : differs('time', seconds(expected), seconds(actual))),
  ];
}
