import { readdirSync } from 'node:fs';
import { nativePath } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import type { TreeFolder } from '../interface.ts';
import { type LayerMarks, layerMarks } from './layer-marks.ts';
import type { TreeNode } from './tree-node.ts';

interface BelowDirectory {
  readonly path: string;
  readonly marks: LayerMarks;
}

/**
 * One directory of the layers below, as overlayfs merges it: nearest first, until something is opaque, gone or no
 * directory. Nobody changes image layers, so a path whose directories were seen to be directories stays one.
 */
export class Below {
  static readonly nothing = new Below([]);

  /** Nearest first. */
  readonly #directories: readonly BelowDirectory[];

  private constructor(directories: readonly BelowDirectory[]) {
    this.#directories = directories;
  }

  static root(parents: readonly TreeFolder[]): Below {
    return new Below(parents.map((folder) => ({ path: folder.path, marks: layerMarks(folder) })));
  }

  get isNothing(): boolean {
    return this.#directories.length === 0;
  }

  /** The folder of the nearest layer that has this directory. */
  get nearestPath(): string | undefined {
    return this.#directories[0]?.path;
  }

  node(name: string): TreeNode | undefined {
    for (const { path, marks } of this.#directories) {
      const found = marks.read(path, name);
      if (found !== undefined) return found === 'gone' ? undefined : found;
    }
    return undefined;
  }

  /** What is below a directory of that name; nothing where it is none. */
  directory(name: string): Below {
    const directories: BelowDirectory[] = [];
    for (const { path, marks } of this.#directories) {
      const found = marks.read(path, name);
      if (found === undefined) continue;
      if (found === 'gone' || found.type !== 'directory') break;
      directories.push({ path: found.at, marks });
      if (marks.isOpaque(found.at)) break;
    }
    return directories.length === 0 ? Below.nothing : new Below(directories);
  }

  names(): Set<string> {
    const seen = new Set<string>();
    const there = new Set<string>();
    for (const { path, marks } of this.#directories) {
      const names = readdirSync(nativePath(path), { encoding: 'buffer' }).map((name) => bytesToPath(name));
      const { nodes, gone } = marks.sort(path, names);
      for (const name of nodes.keys()) if (!seen.has(name)) there.add(name);
      for (const name of [...nodes.keys(), ...gone]) seen.add(name);
    }
    return there;
  }
}
