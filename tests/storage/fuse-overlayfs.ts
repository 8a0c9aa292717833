import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { storageProgram } from '../lab/file-systems.ts';
import { PEERS } from '../lab/package-sets.ts';
import { fillProgramFolder } from '../lab/program-folder.ts';

/**
 * Puts Debian's fuse-overlayfs on the path of this process, for the tests of one file. Under `CI=true` it must be there.
 * @returns why it cannot be had; `false` when it is there
 */
export async function putFuseOnPath(): Promise<string | false> {
  const words = await storageProgram('fuse-overlayfs', PEERS);
  if (typeof words === 'string') {
    if (process.env.CI === 'true') throw new Error(`Cannot have fuse-overlayfs in CI: ${words}`);
    return words;
  }
  const folder = await mkdtemp(join(tmpdir(), 'berth-fuse-'));
  await fillProgramFolder(folder, { 'fuse-overlayfs': words });
  const before = process.env.PATH;
  process.env.PATH = `${folder}${delimiter}${before ?? ''}`;
  after(async () => {
    process.env.PATH = before;
    await rm(folder, { recursive: true });
  });
  return false;
}
