import { cannot, LinuxError } from './errors.ts';
import { checked, libc, pathArgument } from './libc.ts';
import { splitNames } from './paths.ts';

const ENODATA = 61;
const EOPNOTSUPP = 95;

/** XATTR_SIZE_MAX and XATTR_LIST_MAX: no value and no list is longer. Made at the first use, one for each thread. */
const MAX_BYTES = 65536;
let scratch: Buffer | undefined;

/** Names of extended attributes, symbolic links not followed; none where the file system has none. */
export function listXattrs(path: string): string[] {
  const what = () => cannot('list attributes of', path);
  scratch ??= Buffer.allocUnsafeSlow(MAX_BYTES);
  const length = libc().llistxattr(pathArgument(path, what), scratch, MAX_BYTES);
  if (length !== -1) return splitNames(scratch.subarray(0, length));
  const errno = libc().errno();
  if (errno === EOPNOTSUPP) return [];
  throw new LinuxError(what(), { errno, syscall: 'llistxattr' });
}

/** @returns `undefined` where there is no such attribute, or no attributes at all */
export function getXattr(path: string, name: string): Buffer | undefined {
  const what = () => cannot(`read the attribute ${name} of`, path);
  scratch ??= Buffer.allocUnsafeSlow(MAX_BYTES);
  const length = libc().lgetxattr(pathArgument(path, what), pathArgument(name, what), scratch, MAX_BYTES);
  if (length !== -1) return Buffer.from(scratch.subarray(0, length));
  const errno = libc().errno();
  if (errno === ENODATA || errno === EOPNOTSUPP) return undefined;
  throw new LinuxError(what(), { errno, syscall: 'lgetxattr' });
}

/** Makes or replaces. @throws {LinuxError} `EOPNOTSUPP`, `EPERM`, `ENOSPC` */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  const what = () => cannot(`set the attribute ${name} of`, path);
  const bytes = value.length === 0 ? null : value;
  const result = libc().lsetxattr(pathArgument(path, what), pathArgument(name, what), bytes, value.length, 0);
  checked(result, what, 'lsetxattr');
}

/** One that is not there is fine. */
export function removeXattr(path: string, name: string): void {
  const what = () => cannot(`remove the attribute ${name} of`, path);
  if (libc().lremovexattr(pathArgument(path, what), pathArgument(name, what)) === 0) return;
  const errno = libc().errno();
  if (errno !== ENODATA) throw new LinuxError(what(), { errno, syscall: 'lremovexattr' });
}
