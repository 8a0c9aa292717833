import { constants } from 'node:fs';
import { cannot } from './errors.ts';
import { checked, libc, openFile } from './libc.ts';

/** @see Documentation/filesystems/fiemap.rst */
const FS_IOC_FIEMAP = 0xc020660b;
const HEADER_SIZE = 32;
const EXTENT_SIZE = 56;
const EXTENT_LAST = 0x1;
const EXTENT_SHARED = 0x2000;
const AT_ONCE = 256;

/** A piece of a file as it lies on the disk. */
export interface FileExtent {
  readonly offset: number;
  /** Where it begins, in the file system's own addresses; of no meaning while it was not written. */
  readonly physical: bigint;
  readonly length: number;
  /** Other files, or other subvolumes, have it too (reflinks, snapshots). */
  readonly isShared: boolean;
}

/**
 * The pieces of a regular file, in order. Compressed ones are told with the bytes that they hold.
 * @throws {LinuxError} `EOPNOTSUPP`, `ENOTTY` where the file system does not tell; `ELOOP` for a symbolic link
 */
export function fileExtents(path: string): FileExtent[] {
  const what = () => cannot('find the extents of', path);
  const fd = openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK, what);
  const map = Buffer.alloc(HEADER_SIZE + AT_ONCE * EXTENT_SIZE);
  const extents: FileExtent[] = [];
  try {
    for (let from = 0n; ; ) {
      // struct fiemap: start, length, flags, how many were found, how many fit, and then those.
      map.fill(0);
      map.writeBigUInt64LE(from, 0);
      map.writeBigUInt64LE((1n << 63n) - 1n - from, 8);
      map.writeUInt32LE(AT_ONCE, 24);
      checked(libc().ioctl(fd, FS_IOC_FIEMAP, map), what, 'ioctl');
      const count = map.readUInt32LE(20);
      let flags = EXTENT_LAST;
      for (let index = 0; index < count; index++) {
        const at = HEADER_SIZE + index * EXTENT_SIZE;
        const [offset, physical, length] = [0, 8, 16].map((field) => map.readBigUInt64LE(at + field)) as [
          bigint,
          bigint,
          bigint,
        ];
        flags = map.readUInt32LE(at + 40);
        extents.push({
          offset: Number(offset),
          physical,
          length: Number(length),
          isShared: (flags & EXTENT_SHARED) !== 0,
        });
        from = offset + length;
      }
      if ((flags & EXTENT_LAST) !== 0) return extents;
    }
  } finally {
    libc().close(fd);
  }
}
