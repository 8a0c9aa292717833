import { cleanEntryPath, isWhiteout, type TarEntry } from '@berth/oci';

/** What a tar says there is at the end, by clean path; whiteouts aside. */
export class LayerEntries {
  readonly #entries = new Map<string, Placed>();
  /** Where the last entry of a path that is no folder came: whatever was below it went then. */
  readonly #replaced = new Map<string, number>();
  #count = 0;
  #byPath: ReadonlyMap<string, TarEntry> | undefined;

  /** Clean paths: the folders on their way are in the layer, also where no entry says so. */
  readonly whiteouts: string[] = [];

  /** Clean paths that hard links name: one of a layer below was copied into this one. */
  readonly linkTargets: string[] = [];

  get byPath(): ReadonlyMap<string, TarEntry> {
    this.#byPath ??= this.#remaining();
    return this.#byPath;
  }

  add(entry: TarEntry): void {
    const clean = cleanEntryPath(entry.path);
    if ('refused' in clean) return;
    if (isWhiteout(clean.path)) return void this.whiteouts.push(clean.path);
    const target = entry.type === 'hardlink' ? cleanEntryPath(entry.linkPath) : undefined;
    if (target !== undefined && 'path' in target) this.linkTargets.push(target.path);
    const at = this.#count++;
    if (entry.type !== 'directory') this.#replaced.set(clean.path, at);
    this.#entries.set(clean.path, { entry, at });
    this.#byPath = undefined;
  }

  #remaining(): ReadonlyMap<string, TarEntry> {
    const emptied = new Map<string, number>();
    const there = new Map<string, TarEntry>();
    for (const [path, { entry, at }] of this.#entries) {
      if (at > this.#emptiedAt(folderOf(path), emptied)) there.set(path, entry);
    }
    return there;
  }

  /** When a folder or one that it lies in became something else for the last time; -1: never. */
  #emptiedAt(folder: string, known: Map<string, number>): number {
    // Not by recursion: a path has as many folders as it has room for.
    const asked: string[] = [];
    let at = folder;
    for (; at !== '' && !known.has(at); at = folderOf(at)) asked.push(at);
    let latest = at === '' ? -1 : (known.get(at) ?? -1);
    for (const path of asked.toReversed()) {
      latest = Math.max(latest, this.#replaced.get(path) ?? -1);
      known.set(path, latest);
    }
    return latest;
  }
}

interface Placed {
  readonly entry: TarEntry;
  /** How many entries came before it. */
  readonly at: number;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
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
