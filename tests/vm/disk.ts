import { open } from 'node:fs/promises';
import type { Lab } from '../lab/peers.ts';

/** A new disk for a guest: a file with holes that holds an empty ext4. */
export async function makeDisk(
  path: string,
  options: { readonly machine: Lab; readonly gigabytes: number },
): Promise<void> {
  await using file = await open(path, 'wx');
  await file.truncate(options.gigabytes * 1024 ** 3);
  await options.machine.must('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=1,lazy_journal_init=1', path]);
}
