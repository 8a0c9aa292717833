import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', 'fixtures']);

/** Test files below `packages`: each needs nothing but Node, so several run side by side. */
export async function findUnitTests(top: string): Promise<string[]> {
  return await findTests(top, 'packages');
}

/** Test files below `tests`: they start servers, mounts and namespaces, so they run one after another. */
export async function findIntegrationTests(top: string): Promise<string[]> {
  return await findTests(top, 'tests');
}

async function findTests(top: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  const queue = [join(top, folder)];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !NOT_OURS.has(entry.name)) queue.push(join(path, entry.name));
      if (entry.isFile() && entry.name.endsWith('.test.ts')) found.push(join(path, entry.name));
    }
  }
  return found.sort();
}

/** Keeps the files whose path from the top holds one of the filters; no filter keeps all. */
export function filterFiles(
  files: readonly string[],
  options: { readonly top: string; readonly filters: readonly string[] },
): string[] {
  if (options.filters.length === 0) return [...files];
  return files.filter((file) => {
    const path = relative(options.top, file).split(sep).join('/');
    return options.filters.some((filter) => path.includes(filter));
  });
}
