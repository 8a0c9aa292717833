import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from './scratch.fixture.ts';

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url));

/** What runs on a thread of the pool, which is not in the jail, or looks for a file of ours inside it. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/from 'node:fs\/promises'/, 'node:fs/promises'],
  [/\bfs\.promises\b/, 'fs.promises'],
  [/\bfs\.(createReadStream|createWriteStream|openAsBlob)\b/, 'streams of fs'],
  [/\bimport\(|\brequire\(/, 'an import while it runs'],
  [/\bsyncFileSystemAsync\b/, 'syncFileSystemAsync'],
  [/\.terminate\(\)/, 'terminate()'],
  [/from 'node:child_process'/, 'node:child_process'],
];

/** What may be had from `node:fs`: the synchronous half, constants, and classes that are only looked at. */
const ALLOWED_OF_FS = /^(\w+Sync|constants|Stats|BigIntStats|Dirent|Dir)$/;

/** Entry files of workers that jail themselves, with every file of their package that they bring in. */
function jailedFiles(packages: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of globSync('*/src/**/*.ts', { cwd: packages })) {
    const path = join(packages, name);
    if (name.startsWith('linux/') || name.endsWith('.test.ts')) continue;
    if (!name.endsWith('.worker.ts')) continue;
    const closure = importsOf(path);
    const callsJail = closure.some((file) =>
      /\b(enterJail|enterMountNamespace|enterPrivateMounts|visitJail)\(/.test(readFileSync(file, 'utf8')),
    );
    if (callsJail) found.set(name, closure);
  }
  return found;
}

function importsOf(entry: string): string[] {
  const seen = new Set([entry]);
  for (const path of seen) {
    const text = readFileSync(path, 'utf8');
    for (const [statement, target = ''] of text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)';/gms)) {
      if (!/^(import|export) type\b/.test(statement)) seen.add(join(dirname(path), target));
    }
  }
  return [...seen];
}

/** One line for each thing that a jailed worker must not do. */
function violations(packages: string): string[] {
  const wrong = new Set<string>();
  for (const [entry, files] of jailedFiles(packages)) {
    for (const file of files) {
      const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      const where = `${relative(packages, file)} (in ${entry})`;
      for (const [pattern, what] of FORBIDDEN) if (pattern.test(code)) wrong.add(`${where}: ${what}`);
      for (const name of namesFromFs(code))
        if (!ALLOWED_OF_FS.test(name)) wrong.add(`${where}: ${name} of fs`);
    }
  }
  return [...wrong];
}

/** Names that are imported from `node:fs` as values. */
function namesFromFs(code: string): string[] {
  return [...code.matchAll(/^import \{([^}]*)\} from 'node:fs';/gm)]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) => name.trim().split(' as ')[0] ?? '')
    .filter((name) => name !== '' && !name.startsWith('type '));
}

test('no jailed worker uses async fs, streams of fs, or imports while it runs', () => {
  assert.ok(jailedFiles(PACKAGES).has('storage/src/tree/threads/tree.worker.ts'));
  assert.deepEqual(violations(PACKAGES), []);
});

test('the lint finds each of these, also in a file that the worker imports, and not in comments', (t) => {
  const folder = scratchFolder(t);
  const source = join(folder, 'storage/src');
  mkdirSync(source, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(source, name), text);
  const enter = "import { enterJail } from '@berth/linux';\n// fs.promises\nenterJail('/x');\n";
  write(
    'good.worker.ts',
    `${enter}import { readFileSync, type Stats } from 'node:fs';\nimport { x } from './x.ts';\n`,
  );
  write('x.ts', "import type { y } from './y.ts';\nexport const x = 1;\n");
  write('y.ts', "import { readFile } from 'node:fs/promises';\n");
  write('free.worker.ts', "import { readFile } from 'node:fs/promises';\n");
  assert.deepEqual(violations(folder), []);
  const bad = {
    'node:fs/promises': "import { readFile } from 'node:fs/promises';",
    'fs.promises': "import * as fs from 'node:fs';\nawait fs.promises.readFile('/x');",
    'createReadStream of fs': "import {\n  createReadStream,\n} from 'node:fs';",
    'promises of fs': "import { promises as all } from 'node:fs';",
    'streams of fs': "import * as fs from 'node:fs';\nfs.createReadStream('/x');",
    'an import while it runs': "await import('node:zlib');",
    syncFileSystemAsync: "import { syncFileSystemAsync } from '@berth/linux';",
    'readFile of fs': "import { readFile, readFileSync } from 'node:fs';",
  };
  for (const [what, text] of Object.entries(bad)) {
    write('deep.ts', `${text}\n`);
    write('bad.worker.ts', `${enter}export { z } from './deep.ts';\n`);
    assert.deepEqual(violations(folder), [`storage/src/deep.ts (in storage/src/bad.worker.ts): ${what}`]);
  }
});
