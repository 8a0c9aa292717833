import type { Stats } from 'node:fs';
import { refuseEntry } from '../failure.ts';
import { directoryOf, joinPath, nameOf } from '../names.ts';
import { linkTargetOf, statOf } from './jail.ts';
import type { LayerFolder } from './layer-folder.ts';

/** The kernel's own limit, path_resolution(7). */
const MAX_SYMLINKS = 40;
const MAX_KNOWN = 50_000;

/** `make`: directories that are missing are made, as `mkdir -p` does. */
interface Walk {
  readonly entry: string;
  readonly make: boolean;
  symlinks: number;
}

/**
 * Finds where in a layer's folder an entry goes. Symlinks among its directories are resolved by hand and end at the
 * folder's root, as they do for a program in the container.
 */
export class Places {
  readonly #folder: LayerFolder;
  /** Directories as entries name them, and where they really are. */
  readonly #known = new Map<string, string>([['', '']]);
  /** Symlinks of layers below that entries of this one went through. */
  readonly #followed = new Set<string>();

  constructor(folder: LayerFolder) {
    this.#folder = folder;
    folder.onStructureChange = () => {
      this.#known.clear();
      this.#known.set('', '');
    };
  }

  /** The real directory that an entry's path has its name in; what is missing on the way is made. */
  directory(path: string, entry: string): string {
    return this.#known.get(path) ?? (this.#directory(path, { entry, make: true, symlinks: 0 }) as string);
  }

  /** As `directory`, but makes nothing. `undefined`: it is not there. */
  find(path: string, entry: string): string | undefined {
    return this.#known.get(path) ?? this.#directory(path, { entry, make: false, symlinks: 0 });
  }

  /** Refuses to take away what earlier entries went through: in another order they would lie elsewhere. */
  refuseIfFollowed(path: string, entry: string): void {
    if (this.#followed.has(path)) {
      refuseEntry(
        entry,
        `it replaces the symlink "${path}" of a layer below that earlier entries went through`,
      );
    }
  }

  #directory(path: string, walk: Walk): string | undefined {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const parent = this.#directory(directoryOf(path), walk);
    if (parent === undefined) return undefined;
    const real = this.#step(parent, nameOf(path), walk);
    if (real === undefined) return undefined;
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
    this.#known.set(path, real);
    return real;
  }

  /** One name further. */
  #step(parent: string, name: string, walk: Walk): string | undefined {
    const path = joinPath(parent, name);
    const stat = statOf(path);
    if (stat?.isDirectory()) return path;
    if (stat?.isSymbolicLink()) return this.#follow(path, walk);
    const { marks } = this.#folder;
    if (stat !== undefined && marks?.isMark(stat) !== true) {
      refuseEntry(walk.entry, `"${path}" in its path is a file and no directory`);
    }
    if (!walk.make) return undefined;
    this.#make(path, stat);
    return path;
  }

  #make(path: string, stat: Stats | undefined): void {
    const { marks } = this.#folder;
    const wasHidden = (stat !== undefined || marks?.areApart === true) && marks?.unhide(path) === true;
    this.#folder.makeImplied(path);
    if (wasHidden) this.#folder.hideBelow(path);
  }

  #follow(link: string, walk: Walk): string | undefined {
    walk.symlinks += 1;
    if (walk.symlinks > MAX_SYMLINKS) refuseEntry(walk.entry, 'its path goes through too many symlinks');
    if (!this.#folder.isMade(link)) this.#followed.add(link);
    const target = linkTargetOf(link);
    let directory: string | undefined = target.startsWith('/') ? '' : directoryOf(link);
    for (const name of target.split('/')) {
      if (directory === undefined) return undefined;
      if (name === '' || name === '.') continue;
      directory = name === '..' ? directoryOf(directory) : this.#step(directory, name, walk);
    }
    return directory;
  }
}
