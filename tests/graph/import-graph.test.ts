import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCycles, parseSource, ROOMS, readSources, resolveRelative, type SourceFile } from './imports.ts';

const top = join(import.meta.dirname, '..', '..');
const sources = await readSources(top);
const own = sources.filter((file) => !file.isTest);

interface PackageJson {
  readonly name: string;
  /** Public entries: `.` and `./name`, each a file below `src`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

async function manifestOf(room: string): Promise<PackageJson> {
  return JSON.parse(await readFile(join(top, 'packages', room, 'package.json'), 'utf8'));
}

async function publicEntries(): Promise<{ readonly specifier: string; readonly path: string }[]> {
  const all: { specifier: string; path: string }[] = [];
  for (const room of ROOMS) {
    const manifest = await manifestOf(room);
    for (const [key, target] of Object.entries(manifest.exports)) {
      all.push({ specifier: manifest.name + key.slice(1), path: join('packages', room, target) });
    }
  }
  return all;
}

/** `@berth/oci/x` is of the package `@berth/oci`, `pino/file` of `pino`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function packageImports(file: SourceFile): string[] {
  return file.imports
    .map((one) => one.specifier)
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
}

test('the rooms are those of the plan, and each package is named for its room', async () => {
  const folders = (await readdir(join(top, 'packages'))).sort();
  assert.deepEqual(folders, [...ROOMS].sort());
  for (const room of ROOMS) assert.equal((await manifestOf(room)).name, `@berth/${room}`);
  assert.ok(sources.length > ROOMS.length, 'sources were found');
  for (const room of ROOMS)
    assert.ok(
      own.some((file) => file.room === room),
      `"${room}" has something in it`,
    );
});

test('an import is declared in package.json and points down the order of rooms', async () => {
  const wrong: string[] = [];
  const entries = new Set((await publicEntries()).map((entry) => entry.specifier));
  const root: PackageJson = JSON.parse(await readFile(join(top, 'package.json'), 'utf8'));
  for (const room of ROOMS) {
    const manifest = await manifestOf(room);
    const declared = new Set(Object.keys(manifest.dependencies ?? {}));
    const forTests = new Set([
      ...Object.keys(root.devDependencies ?? {}),
      ...Object.keys(manifest.devDependencies ?? {}),
    ]);
    for (const name of declared) {
      const below = name.startsWith('@berth/')
        ? ROOMS.indexOf(name.slice(7) as (typeof ROOMS)[number])
        : ROOMS.length;
      if (below <= ROOMS.indexOf(room))
        wrong.push(`packages/${room}/package.json depends upwards on ${name}`);
    }
    for (const file of sources.filter((one) => one.room === room)) {
      for (const specifier of packageImports(file)) {
        const name = packageOf(specifier);
        const isOwn = name === manifest.name;
        if (!declared.has(name) && !isOwn && !(file.isTest && forTests.has(name))) {
          wrong.push(
            `${file.path} imports ${specifier}, which packages/${room}/package.json does not declare`,
          );
        }
        if (name.startsWith('@berth/') && !entries.has(specifier)) {
          wrong.push(`${file.path} imports ${specifier}, which ${name} does not export`);
        }
        if (name === 'koffi' && room !== 'linux')
          wrong.push(`${file.path} imports koffi: only the room "linux" may`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('the Hub and its rooms run anywhere: none of them reaches system calls or the engine', async () => {
  const closed = ['linux', 'storage', 'network', 'runtime', 'monitor', 'engine'].map(
    (room) => `@berth/${room}`,
  );
  for (const room of ['hub', 'web', 'index', 'registry', 'transfer', 'db', 'content', 'events']) {
    const reached = new Set<string>();
    const waiting = [`@berth/${room}`];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (reached.has(name)) continue;
      reached.add(name);
      const { dependencies = {} } = await manifestOf(name.slice('@berth/'.length));
      waiting.push(...Object.keys(dependencies).filter((each) => each.startsWith('@berth/')));
    }
    assert.deepEqual(
      closed.filter((name) => reached.has(name)),
      [],
      room,
    );
  }
});

test('a dependency that is declared is used', async () => {
  const unused: string[] = [];
  for (const room of ROOMS) {
    const used = new Set(
      sources
        .filter((file) => file.room === room)
        .flatMap(packageImports)
        .map(packageOf),
    );
    // The pages are built by Vite from their own sources.
    if (room === 'web') continue;
    for (const name of Object.keys((await manifestOf(room)).dependencies ?? {})) {
      if (!used.has(name)) unused.push(`packages/${room}: ${name}`);
    }
  }
  assert.deepEqual(unused, []);
});

test('a relative import stays inside its room and names an existing file with its ending', () => {
  const wrong = sources.flatMap((file) =>
    file.imports
      .filter((one) => one.specifier.startsWith('.'))
      .map((one) => resolveRelative(file.path, one.specifier))
      .filter((target) => !target.startsWith(`packages/${file.room}/`) || !existsSync(join(top, target)))
      .map((target) => `${file.path} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('there are no cycles between files, not even of types', () => {
  const graph = new Map(
    own.map((file) => [
      file.path,
      file.imports
        .filter((one) => one.specifier.startsWith('.'))
        .map((one) => resolveRelative(file.path, one.specifier)),
    ]),
  );
  assert.deepEqual(
    findCycles(graph).map((cycle) => cycle.join(' → ')),
    [],
  );
});

test('there are no cycles between packages', async () => {
  const graph = new Map<string, string[]>();
  for (const room of ROOMS) {
    const names = Object.keys((await manifestOf(room)).dependencies ?? {});
    graph.set(
      `@berth/${room}`,
      names.filter((name) => name.startsWith('@berth/')),
    );
  }
  assert.deepEqual(findCycles(graph), []);
});

/** Files that are run and not imported: a program each. */
const ENTRY_FILES = new Set(['packages/cli/src/main.ts', 'packages/monitor/src/main.ts']);

test('only public entries re-export, nothing has a default export, only the program ends the process', async () => {
  const wrong: string[] = [];
  const entries = new Set((await publicEntries()).map((entry) => entry.path));
  for (const file of sources) {
    if (/^export default\b/m.test(file.code)) wrong.push(`${file.path} has a default export`);
    if (/^export \*/m.test(file.code))
      wrong.push(`${file.path} re-exports everything: name what is exported`);
    if (!file.isTest && !entries.has(file.path) && /^export (type )?\{[^}]*\} from /m.test(file.code)) {
      wrong.push(`${file.path} re-exports: only public entries do`);
    }
    const mayExit = file.isTest || ENTRY_FILES.has(file.path);
    if (!mayExit && /\bprocess\.exit\(/.test(file.code)) wrong.push(`${file.path} calls process.exit`);
  }
  assert.deepEqual(wrong, []);
});

test('libraries do nothing when they are imported', () => {
  // Statements that begin in the first column and call or wait for something.
  const acts =
    /^(?:await\b|(?:const|let) [^=\n]+= await\b|(?:mkdir|readFile|writeFile|open|spawn|exec|fetch|setInterval|setTimeout)\w*\()/m;
  const io =
    /^(?:export )?(?:const|let) [^=\n]+= (?:readFileSync|openSync|statSync|readdirSync|spawn\w*|exec\w*|createServer|connect|fetch)\(/m;
  const wrong = own
    .filter((file) => !ENTRY_FILES.has(file.path) && !/worker[\w-]*\.ts$/.test(file.path))
    .filter((file) => acts.test(file.code) || io.test(file.code))
    .map((file) => file.path);
  assert.deepEqual(wrong, []);
});

test('a source file is one idea: none is longer than 500 lines', (t) => {
  const lengths = own.map((file) => file.lines).sort((a, b) => a - b);
  const at = (share: number) => lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * share))];
  t.diagnostic(`${own.length} files, median ${at(0.5)} lines, p95 ${at(0.95)} lines`);
  const long = own.filter((file) => file.lines > 500).map((file) => `${file.path}: ${file.lines} lines`);
  assert.deepEqual(long, []);
});

test('parseSource() finds every form of import and no comment', () => {
  const text = `
import a from 'one';
import type { B } from "two";
import {
  c,
  type D,
} from './three.ts';
import './four.ts';
export { e } from './five.ts';
export type * from 'six';
// import x from 'not-a';
/* import x from 'not-b'; */
const f = await import('seven');
const w = new Worker(new URL('./eight.ts', import.meta.url));
const text = 'https://example.test/';`;
  const { imports } = parseSource('packages/oci/src/x.ts', { room: 'oci', text });
  assert.deepEqual(
    imports.map((one) => [one.specifier, one.isTypeOnly]),
    [
      ['one', false],
      ['two', true],
      ['./three.ts', false],
      ['./four.ts', false],
      ['./five.ts', false],
      ['six', true],
      ['seven', false],
      ['./eight.ts', false],
    ],
  );
  const cycles = findCycles(
    new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['a']],
    ]),
  );
  assert.deepEqual(cycles, [['a', 'b', 'c', 'a']]);
});
