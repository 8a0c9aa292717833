import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { nativePath } from '@berth/linux';
import { bytesToPath } from '@berth/oci';

const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * An open directory of a tree that somebody else may be changing. Its entries are named through `/proc/self/fd/<n>/`, which
 * the kernel resolves to the directory that was opened, wherever it lies now: a directory that becomes a symlink
 * between two calls is never followed.
 */
export class PinnedDirectory implements Disposable {
  readonly #fd: number;
  readonly path: string;

  private constructor(fd: number) {
    this.#fd = fd;
    this.path = `/proc/self/fd/${fd}`;
  }

  /** `undefined`: there is no directory there (any more). */
  static open(path: string): PinnedDirectory | undefined {
    try {
      return new PinnedDirectory(openSync(nativePath(path), FLAGS));
    } catch (error) {
      if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined;
      throw error;
    }
  }

  at(name: string): string {
    return `${this.path}/${name}`;
  }

  names(): string[] {
    return readdirSync(this.path, { encoding: 'buffer' }).map((name) => bytesToPath(name));
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
