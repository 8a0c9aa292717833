import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from '@berth/errors';

const run = promisify(execFile);
const TOP = join(import.meta.dirname, '..', '..');

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/**
 * Builds packages as they are published: JavaScript and declarations in `dist`, because Node strips no types below
 * `node_modules`. The rooms that those packages need come with them.
 *
 * @param options.rooms the packages asked for; `engine` brings ten more
 * @returns the tarballs that `npm pack` made, by package name
 */
export async function packPackages(options: {
  readonly rooms: readonly string[];
  /** Exists and is empty; tarballs are left in it. */
  readonly folder: string;
}): Promise<ReadonlyMap<string, string>> {
  const { folder } = options;
  const rooms = await withDependencies(options.rooms);
  const built = join(folder, 'built');
  await compile(rooms, built);
  const tarballs = new Map<string, string>();
  for (const room of rooms) {
    const manifest = await stage(room, join(built, room));
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
      {
        cwd: join(built, room),
      },
    );
    const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
    tarballs.set(manifest.name, join(folder, filename));
  }
  await rm(built, { recursive: true });
  return tarballs;
}

async function manifestOf(room: string): Promise<PackageJson> {
  return JSON.parse(await readFile(join(TOP, 'packages', room, 'package.json'), 'utf8'));
}

async function withDependencies(asked: readonly string[]): Promise<string[]> {
  const rooms = new Set<string>();
  const waiting = [...asked];
  for (let room = waiting.pop(); room !== undefined; room = waiting.pop()) {
    if (rooms.has(room)) continue;
    rooms.add(room);
    const names = Object.keys((await manifestOf(room)).dependencies ?? {});
    waiting.push(...names.filter((name) => name.startsWith('@berth/')).map((name) => name.slice(7)));
  }
  return [...rooms].sort();
}

/** All rooms in one go, unchecked: types are checked elsewhere. `<built>/<room>/src/…` beside each other, then each `src` becomes `dist`. */
async function compile(rooms: readonly string[], built: string): Promise<void> {
  await mkdir(built, { recursive: true });
  const project = join(built, 'tsconfig.json');
  const compilerOptions = {
    ...{
      noEmit: false,
      incremental: false,
      noCheck: true,
      declaration: true,
      rewriteRelativeImportExtensions: true,
    },
    ...{ rootDir: join(TOP, 'packages'), outDir: built, typeRoots: [join(TOP, 'node_modules/@types')] },
  };
  const include = rooms.map((room) => join(TOP, 'packages', room, 'src'));
  const exclude = ['test', 'child', 'bench', 'testsuite'].map(
    (kind) => `${TOP}/packages/*/src/**/*.${kind}.ts`,
  );
  await writeFile(
    project,
    JSON.stringify({ extends: join(TOP, 'tsconfig.json'), compilerOptions, include, exclude }),
  );
  await run(join(TOP, 'node_modules/.bin/tsc'), ['-p', project], { maxBuffer: 64 * 1024 * 1024 });
  for (const room of rooms) {
    await rename(join(built, room, 'src'), join(built, room, 'dist'));
    await renameWorkers(join(built, room, 'dist'));
  }
}

/** The compiler rewrites imports, but not the names of files that threads are started from. */
async function renameWorkers(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) {
    if (!entry.endsWith('.js')) continue;
    const path = join(folder, entry);
    const text = await readFile(path, 'utf8');
    const renamed = text.replace(
      /(new URL\('\.[^']*)\.ts', import\.meta\.url\)/g,
      "$1.js', import.meta.url)",
    );
    if (renamed !== text) await writeFile(path, renamed);
  }
}

async function stage(room: string, folder: string): Promise<PackageJson> {
  const { private: _, exports, ...manifest } = await manifestOf(room);
  const published = Object.entries(exports)
    .filter(([, target]) => !/testsuite|testing/.test(target))
    .map(([name, target]) => {
      const base = target.replace('./src/', './dist/').replace(/\.ts$/, '');
      return [name, { types: `${base}.d.ts`, default: `${base}.js` }];
    });
  const json = { ...manifest, files: ['dist'], exports: Object.fromEntries(published) };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(json, null, 2)}\n`);
  for (const [from, name] of [
    [join(TOP, 'packages', room, 'README.md'), 'README.md'],
    [join(TOP, 'LICENSE'), 'LICENSE'],
  ] as const) {
    await cp(from, join(folder, name)).catch((error: unknown) => {
      if (!hasCode(error) || error.code !== 'ENOENT') throw error;
    });
  }
  return json as unknown as PackageJson;
}
