import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import type { Digest } from '@berth/oci';

/*
 *     <dataRoot>/staging/        0700
 *       <algorithm>-<hex>.part   the beginning of a layer's compressed bytes, as far as a cut download came
 *       <uuid>.tmp               an archive that is being loaded, a layer that is being compressed
 *
 * Nothing here is synced or trusted: whoever reads a part hashes it with what follows.
 */
const PART = /^(?:sha256|sha512)-[0-9a-f]+\.part$/;
/** A download that nobody went on with for so long will hardly be. */
const PART_MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
const PARTS_MAX_BYTES = 8 * 1024 * 1024 * 1024;

/** Files that are on their way to something else. */
export class Staging {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder and sweeps what an engine before left, but for downloads that may be gone on with. */
  static async open(folder: string): Promise<Staging> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const staging = new Staging(folder);
    await staging.sweep();
    return staging;
  }

  /** Old parts go, the oldest first where all together are too many bytes; all else goes. */
  async sweep(nowMs: number = Date.now()): Promise<void> {
    const parts: { readonly path: string; readonly size: number; readonly mtimeMs: number }[] = [];
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      if (PART.test(name)) {
        const { size, mtimeMs } = await stat(path);
        parts.push({ path, size, mtimeMs });
      } else await rm(path, { recursive: true, force: true });
    }
    let bytes = 0;
    for (const { path, size, mtimeMs } of parts.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
      bytes += size;
      if (nowMs - mtimeMs > PART_MAX_AGE_MS || bytes > PARTS_MAX_BYTES) await removeFile(path);
    }
  }

  /** Names of the files with beginnings of downloads. */
  async partNames(): Promise<readonly string[]> {
    return (await readdir(this.folder)).filter((name) => PART.test(name));
  }

  partPath(digest: Digest): string {
    return join(this.folder, `${digest.replace(':', '-')}.part`);
  }

  /** A path for a file or folder of one task, removed at its end. */
  temporary(): { readonly path: string } & AsyncDisposable {
    const path = join(this.folder, `${randomUUID()}.tmp`);
    return {
      path,
      [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
    };
  }
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Bytes of a file; `undefined` where there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
