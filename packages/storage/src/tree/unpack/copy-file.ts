import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lchownSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { cloneFile, dataRanges, getXattr, listXattrs, nativePath, setTimes, setXattr } from '@berth/linux';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { OVERLAY_XATTR } from './marks.ts';

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

export interface CopiedAttributes {
  readonly uid: bigint;
  readonly gid: bigint;
  readonly mode: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  isSymbolicLink(): boolean;
}

/** Owner first, times last; what belongs to the mount and not to the file stays behind. */
export function copyAttributes(source: string, target: string, stat: CopiedAttributes): void {
  lchownSync(nativePath(target), Number(stat.uid), Number(stat.gid));
  if (!stat.isSymbolicLink()) chmodSync(nativePath(target), Number(stat.mode & 0o7777n));
  for (const name of listXattrs(source)) {
    const value = OVERLAY_XATTR.test(name) ? undefined : getXattr(source, name);
    if (value !== undefined) setXattr(target, name, value);
  }
  setTimes(target, { atime: stat.atimeNs, mtime: stat.mtimeNs });
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
