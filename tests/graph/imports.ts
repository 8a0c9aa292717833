import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/** The rooms from top to bottom: a room may import only rooms that stand below it. */
export const ROOMS = [
  ...['cli', 'lab', 'hub', 'web', 'index', 'registry', 'engine', 'monitor', 'runtime', 'network', 'storage'],
  ...['transfer', 'db', 'content', 'events', 'linux', 'oci', 'errors'],
] as const;

export interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

export interface SourceFile {
  /** From the top of the clone, with forward slashes. */
  readonly path: string;
  /** Name of the package's folder. */
  readonly room: string;
  readonly text: string;
  /** The text without comments and with empty string contents kept: for looking at code only. */
  readonly code: string;
  readonly lines: number;
  /** Tests, shared suites, fixtures and the programs that tests start. */
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

/** Every TypeScript file below `packages/<room>/src`; the pages' own sources are built apart. */
export async function readSources(top: string): Promise<SourceFile[]> {
  const packages = join(top, 'packages');
  const files: SourceFile[] = [];
  for (const room of (await readdir(packages)).sort()) {
    for (const path of await typescriptFiles(join(packages, room, 'src'))) {
      const name = relative(top, path).split(sep).join('/');
      if (name.startsWith('packages/web/src/pages/')) continue;
      files.push(parseSource(name, { room, text: await readFile(path, 'utf8') }));
    }
  }
  return files;
}

export function parseSource(
  path: string,
  options: { readonly room: string; readonly text: string },
): SourceFile {
  const { room, text } = options;
  const code = withoutComments(text);
  return {
    path,
    room,
    text,
    code,
    lines: text.split('\n').length - 1,
    isTest: /(\.test|testsuite|\.bench|\.child)\.ts$|\/testing\//.test(path),
    imports: importsOf(code),
  };
}

/** Path of the file that a relative import means, from the top of the clone. */
export function resolveRelative(from: string, specifier: string): string {
  return join(dirname(from), specifier).split(sep).join('/');
}

/** Cycles in a graph, each as the names on its way round; every strongly connected part is told once. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (name: string): void => {
    state.set(name, 'open');
    path.push(name);
    for (const next of graph.get(name) ?? []) {
      if (state.get(next) === 'open') cycles.push([...path.slice(path.indexOf(next)), next]);
      else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(name, 'done');
  };
  for (const name of graph.keys()) if (!state.has(name)) visit(name);
  return cycles;
}

async function typescriptFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const IMPORT =
  /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|new URL\(\s*['"](\.[^'"]+\.ts)['"]/gm;

function importsOf(code: string): Import[] {
  return [...code.matchAll(IMPORT)].map((match) => ({
    specifier: match[2] ?? match[3] ?? match[4] ?? '',
    isTypeOnly: match[1] !== undefined,
  }));
}

/** Comments become spaces; strings, templates and regular expressions are left as they are. */
function withoutComments(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|(^|[^:'"`\\/])\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g,
    (part, before: string | undefined) => {
      if (part.startsWith('/*')) return part.replace(/[^\n]/g, ' ');
      if (part.startsWith("'") || part.startsWith('"') || part.startsWith('`')) return part;
      return before ?? '';
    },
  );
}
