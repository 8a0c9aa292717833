import { type LoopType, type SuitePlace, useFileSystem } from '@berth/storage/testsuite';
import { storageProgram } from '../lab/file-systems.ts';

/** A file system for the tests of one file, made by Debian's programs. Under `CI=true` it must be there. */
export async function debianFileSystem(
  type: LoopType,
  options: { readonly mkfsArguments?: readonly string[] } = {},
): Promise<{ readonly skip: string | false; readonly place?: SuitePlace }> {
  const mkfs = await storageProgram(`mkfs.${type}`);
  const found = typeof mkfs === 'string' ? { skip: mkfs } : useFileSystem(type, { ...options, mkfs });
  if (found.skip !== false && process.env.CI === 'true') {
    throw new Error(`Cannot make a file system in CI: ${found.skip}`);
  }
  return found;
}
