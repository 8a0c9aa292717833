import { closeSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';

/** Folders in each other, deeper than a path can name, with a file in each; named one by one from where the last one is open. */
export function makeDeepTree(path: string, depth: number, name = 'd'): void {
  mkdirSync(path);
  let fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  for (let level = 0; level < depth; level++) {
    const at = `/proc/self/fd/${fd}`;
    writeFileSync(`${at}/file`, 'four');
    mkdirSync(`${at}/${name}`);
    const next = openSync(`${at}/${name}`, constants.O_RDONLY | constants.O_DIRECTORY);
    closeSync(fd);
    fd = next;
  }
  closeSync(fd);
}
