import { cannot } from './errors.ts';
import { checked, libc } from './libc.ts';
import { openPlain } from './open-plain.ts';

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
 * The pieces of a regular file, in order, asked for by and by. Compressed ones are told with the bytes that they hold. Each call of the
 * system takes as long as the file system needs to find who shares them: not for a thread that must not wait.
 *
 * @throws {LinuxError} `EOPNOTSUPP`, `ENOTTY` where the file system does not tell; `ELOOP` for a symbolic link, `EINVAL` for a device
 * or FIFO, which is not opened
 */
export function* fileExtents(path: string): Generator<FileExtent, void, undefined> {
  const what = () => cannot('find the extents of', path);
  const fd = openPlain(path, what);
  try {
    const map = Buffer.alloc(HEADER_SIZE + AT_ONCE * EXTENT_SIZE);
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
        const offset = map.readBigUInt64LE(at);
        const length = map.readBigUInt64LE(at + 16);
        flags = map.readUInt32LE(at + 40);
        from = offset + length;
        yield {
          offset: Number(offset),
          physical: map.readBigUInt64LE(at + 8),
          length: Number(length),
          isShared: (flags & EXTENT_SHARED) !== 0,
        };
      }
      if ((flags & EXTENT_LAST) !== 0) return;
    }
  } finally {
    libc().close(fd);
  }
}
