import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StartError, words } from './words.mjs';

const NEEDED = [24, 12];

/** This very program when it is new enough, else the binary that came by npm. */
export function findNode24() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return process.execPath;
  const binary = packagedNode();
  if (binary !== undefined) return binary;
  throw new StartError(words.noNode(`${process.platform}-${process.arch}`));
}

export function packagedNode() {
  const require = createRequire(import.meta.url);
  try {
    const binary = join(
      dirname(require.resolve(`node-${process.platform}-${process.arch}/package.json`)),
      'bin/node',
    );
    return existsSync(binary) ? binary : undefined;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
