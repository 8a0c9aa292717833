import { lstatSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { RuntimeError } from '../errors.ts';

/**
 * Refuses a root filesystem whose `/dev` leads elsewhere.
 *
 * runc up to 1.1 makes `/dev/ptmx`, `/dev/fd`, `/dev/stdin` … by a path in the root before it goes there: through a symlink of the image they
 * would be made on the machine, as root (CVE-2026-41579). What else is mounted it resolves inside the root by itself.
 *
 * @throws {RuntimeError} `ROOT_REFUSED`
 */
export function refuseHostileRoot(bundle: string): void {
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    root?: { path?: string };
  };
  const path = config.root?.path ?? 'rootfs';
  const root = isAbsolute(path) ? path : join(bundle, path);
  const dev = lstatSync(join(root, 'dev'), { throwIfNoEntry: false });
  if (dev === undefined || dev.isDirectory()) return;
  const reason = '"/dev" of the root filesystem is no folder';
  throw new RuntimeError('ROOT_REFUSED', `Cannot create the container: ${reason}`, {
    hint: 'The image has a symbolic link or a file in its place: build it without',
    detail: { output: `OCI runtime create failed: ${reason}: unknown` },
  });
}
