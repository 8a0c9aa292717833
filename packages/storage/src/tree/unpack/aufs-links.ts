import { unlinkSync } from 'node:fs';
import { inJail } from './jail.ts';

const DIRECTORY = '.wh..wh.plnk';

/**
 * Files that old layers made on aufs keep in `.wh..wh.plnk`, as targets of hard links alone. They lie under names that no
 * file of a layer can have until the layer is unpacked; what links to them stays.
 */
export class AufsLinks {
  readonly #files = new Map<string, string>();

  static isLink(path: string): boolean {
    return path.startsWith(`${DIRECTORY}/`) && !path.includes('/', DIRECTORY.length + 1);
  }

  /** @returns where the file goes */
  add(path: string): string {
    const known = this.#files.get(path);
    if (known !== undefined) unlinkSync(inJail(known));
    const place = `${DIRECTORY}.${this.#files.size}`;
    this.#files.set(path, place);
    return place;
  }

  find(path: string): string | undefined {
    return this.#files.get(path);
  }

  remove(): void {
    for (const place of this.#files.values()) unlinkSync(inJail(place));
    this.#files.clear();
  }
}
