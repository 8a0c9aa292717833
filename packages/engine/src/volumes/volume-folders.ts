import { mkdir, opendir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';

/*
 *     <dataRoot>/volumes/        0711
 *       <name>/                  0701: who is inside a volume may reach it by its own path, nobody may look around
 *         _data/                 0755: what containers see; a tmpfs is mounted here
 *         _fill/                 0700: what the image has, on its way into _data (see copy-up.ts)
 */
export class VolumeFolders {
  readonly #root: string;

  constructor(dataRoot: string) {
    this.#root = join(dataRoot, 'volumes');
  }

  data(name: string): string {
    return join(this.#root, name, '_data');
  }

  fill(name: string): string {
    return join(this.#root, name, '_fill');
  }

  async makeRoot(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o711 });
  }

  /** Idempotent: a folder that an interrupted call left is taken as it is. */
  async make(name: string): Promise<void> {
    await makeFolder(join(this.#root, name), 0o701);
    await makeFolder(this.data(name), 0o755);
  }

  async names(): Promise<readonly string[]> {
    return await readdir(this.#root);
  }

  /** Takes away what `make` has made, where nobody has put anything into it. */
  async removeEmpty(name: string): Promise<void> {
    for (const path of [this.data(name), join(this.#root, name)]) {
      try {
        await rmdir(path);
      } catch (error) {
        if (!hasCode(error) || !['ENOENT', 'ENOTEMPTY', 'ENOTDIR', 'EBUSY'].includes(error.code)) throw error;
      }
    }
  }

  /** Idempotent. Nobody has the volume any more, so nobody races with it. */
  async remove(name: string): Promise<void> {
    await rm(join(this.#root, name), { recursive: true, force: true });
  }
}

async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (!hasCode(error) || error.code !== 'EEXIST') throw error;
  }
}

export async function isEmptyFolder(path: string): Promise<boolean> {
  await using folder = await opendir(path);
  return (await folder.read()) === null;
}
