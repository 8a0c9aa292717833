import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The kernel of an unpacked set of packages. */
export interface Kernel {
  readonly release: string;
  /** Holds a folder with the modules of this release. */
  readonly folder: string;
  /** The image that qemu loads. */
  readonly image: string;
  /** Modules in the order in which they are loaded, with all that they need. */
  modules(names: readonly string[]): readonly { readonly name: string; readonly path: string }[];
}

export async function findKernel(root: string): Promise<Kernel> {
  const folder = join(root, 'usr/lib/modules');
  const [release, ...others] = await readdir(folder);
  if (release === undefined || others.length > 0) {
    throw new Error(
      `Expected one kernel in ${folder}, got ${others.length + (release === undefined ? 0 : 1)}`,
    );
  }
  const needs = new Map<string, readonly string[]>();
  const paths = new Map<string, string>();
  for (const line of (await readFile(join(folder, release, 'modules.dep'), 'utf8')).split('\n')) {
    const [path = '', list = ''] = line.split(':');
    if (path === '') continue;
    paths.set(moduleName(path), join(folder, release, path));
    // The list has the one that is to be loaded first at its end.
    needs.set(moduleName(path), list.trim().split(' ').filter(Boolean).map(moduleName).reverse());
  }
  return {
    ...{ release, folder },
    image: join(root, 'boot', `vmlinuz-${release}`),
    modules: (names) =>
      [...new Set(names.flatMap((name) => [...(needs.get(name) ?? []), name]))].map((name) => {
        const path = paths.get(name);
        if (path === undefined) throw new Error(`The kernel ${release} has no module "${name}"`);
        return { name, path };
      }),
  };
}

/** Files have either dash or underscore, the kernel's names never a dash. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}
