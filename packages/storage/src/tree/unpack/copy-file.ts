import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { cloneFile, dataRanges, nativePath } from '@berth/linux';
import { copyAttributes } from '../../drivers/disk/copy-attributes.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Copies a regular file with its holes and attributes, its blocks shared where the file system can. `target` is new. */
export function copyFile(source: string, target: string, cancel: CancelFlag): void {
  const from = openSync(nativePath(source), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(from, { bigint: true });
    if (!cloneFile(source, target)) copyBytes(from, { target, size: Number(stat.size), cancel });
    copyAttributes(source, target, stat);
  } finally {
    closeSync(from);
  }
}

function copyBytes(
  from: number,
  { target, size, cancel }: { readonly target: string; readonly size: number; readonly cancel: CancelFlag },
): void {
  const to = openSync(nativePath(target), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    ftruncateSync(to, size);
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(size, 1)));
    for (const { offset, length } of dataRanges(from, size)) {
      for (let done = 0; done < length; ) {
        cancel.throwIfSet();
        const read = readSync(from, buffer, 0, Math.min(buffer.length, length - done), offset + done);
        if (read === 0) return;
        for (let put = 0; put < read; ) {
          put += writeSync(to, buffer, put, read - put, offset + done + put);
        }
        done += read;
      }
    }
  } finally {
    closeSync(to);
  }
}
