import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { storageProgram } from '../lab/file-systems.ts';
import { PEERS } from '../lab/package-sets.ts';

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
  const folder = mkdtempSync(join(tmpdir(), 'berth-fuse-'));
  const before = process.env.PATH;
  const script = join(folder, 'fuse-overlayfs');
  writeFileSync(script, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(script, 0o755);
  process.env.PATH = `${folder}${delimiter}${before ?? ''}`;
  after(() => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true });
  });
  return false;
}
