import { closeSync, constants, copyFileSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { dataRanges, tryCloneFile } from '@berth/linux';
import { pathToBytes } from '@berth/oci';

const CHUNK = Buffer.alloc(1024 * 1024);

/**
 * Ways of copying the bytes of a file, the cheapest first; one that the file system does not know is not tried again. A refusal of one file
 * (on btrfs: without copy-on-write) says nothing of others.
 */
export class FileCopier {
  #canClone = true;
  #cloned = 0;
  #copied = 0;

  /** Whether each file that has bytes was cloned, and there was one. */
  get hasSharedAll(): boolean {
    return this.#cloned > 0 && this.#copied === 0;
  }

  /** `target` is new. `hasHoles`: its blocks are fewer than its size. */
  copy(source: string, target: string, file: { readonly size: number; readonly hasHoles: boolean }): void {
    if (file.size > 0) {
      const outcome = this.#canClone ? tryCloneFile(source, target) : 'not-here';
      if (outcome === 'cloned') {
        this.#cloned++;
        return;
      }
      this.#canClone = outcome !== 'not-here';
      this.#copied++;
    }
    if (file.hasHoles) copyRanges(pathToBytes(source), pathToBytes(target), file.size);
    else copyFileSync(pathToBytes(source), pathToBytes(target), constants.COPYFILE_EXCL);
  }
}

/** Copies what is stored and leaves out what is not, so that a sparse file stays one. */
function copyRanges(source: Buffer, target: Buffer, size: number): void {
  const from = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const to = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      ftruncateSync(to, size);
      for (const { offset, length } of rangesOf(from, size)) copyRange(from, to, { offset, length });
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}

function rangesOf(fd: number, size: number): readonly { offset: number; length: number }[] {
  try {
    return dataRanges(fd, size);
  } catch (error) {
    if (hasCode(error) && ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(error.code)) {
      return [{ offset: 0, length: size }];
    }
    throw error;
  }
}

function copyRange(from: number, to: number, range: { offset: number; length: number }): void {
  for (let done = 0; done < range.length; ) {
    const wanted = Math.min(CHUNK.length, range.length - done);
    const read = readSync(from, CHUNK, 0, wanted, range.offset + done);
    if (read === 0) return;
    for (let written = 0; written < read; ) {
      written += writeSync(to, CHUNK, written, read - written, range.offset + done + written);
    }
    done += read;
  }
}
