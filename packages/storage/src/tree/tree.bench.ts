import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { compress, type TarInput, writeTar } from '@berth/oci';
import { seededBytes } from '@berth/oci/testing';
import type { TreeFolder } from './interface.ts';
import { dir, file } from './testing/tree-lab.ts';
import { openTreeWorkers } from './workers.ts';

/**
 * Prints how long layers take to unpack, beside `tar xzf` of the same files one after another, and what a small change
 * over a large tree costs: `node packages/storage/src/tree/tree.bench.ts [rounds] [layer.tar.gz …]`. Needs root. Nothing is
 * removed between the rounds: ext4 is slow to use the inodes again that were freed in the last minutes.
 */
const [rounds = '3', ...given] = process.argv.slice(2);
const root = mkdtempSync(join(tmpdir(), 'berth-tree-bench-'));
const paths = given.length > 0 ? given : await makeLayers();

async function makeLayers(): Promise<string[]> {
  const text = seededBytes('text', 4_000_000).toString('base64');
  const small = Array.from({ length: 12_000 }, (_, at) => {
    return file(
      `srv/module-${at % 600}/part-${at}.js`,
      text.slice(at * 100, at * 100 + 500 + ((at * 7919) % 20_000)),
    );
  });
  const layers: Readonly<Record<string, readonly TarInput[]>> = {
    small: [dir('srv'), ...small],
    large: Array.from({ length: 20 }, (_, at) => file(`program-${at}`, text.slice(at))),
    random: [file('random', seededBytes('random', 100_000_000))],
    tiny: [file('etc/one', 'small file')],
  };
  const made: string[] = [];
  for (const [name, layer] of Object.entries(layers)) {
    const path = join(root, `${name}.tar.gz`);
    await pipeline(compress(writeTar(layer), 'gzip'), createWriteStream(path));
    made.push(path);
  }
  return made;
}

function folderAt(path: string): Extract<TreeFolder, { readonly form: 'changes' }> {
  mkdirSync(path, { recursive: true });
  return { form: 'changes', whiteouts: 'overlay', path };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function unpackAll(at: string): Promise<void> {
  await using workers = openTreeWorkers();
  workers.warm(paths.length);
  const unpacking = paths.map(async (path, index) => {
    const folder = folderAt(join(at, String(index)));
    const tarSplitPath = join(at, `${index}.split`);
    const { settle } = await workers.unpack(folder, createReadStream(path, { highWaterMark: 131_072 }), {
      tarSplitPath,
    });
    return { folder, settle, tarSplitPath };
  });
  const below: TreeFolder[] = [];
  for (const layer of unpacking) {
    const { folder, settle, tarSplitPath } = await layer;
    await workers.settle(folder, settle, below, { tarSplitPath });
    below.unshift(folder);
  }
}

async function tarAll(at: string): Promise<void> {
  for (const [index, path] of paths.entries()) {
    const folder = folderAt(join(at, String(index)));
    execFileSync('tar', ['-C', folder.path, '-xzf', path]);
  }
}

async function smallChange(): Promise<void> {
  await using workers = openTreeWorkers();
  const lower = folderAt(join(root, 'lower'));
  const upper = folderAt(join(root, 'upper'));
  const files = Array.from({ length: 20_000 }, (_, at) => file(`d${at % 200}/f${at}`, 'x'.repeat(1000)));
  const changes = Array.from({ length: 10 }, (_, at) => file(`d${at}/new`, 'y'.repeat(10_000)));
  await workers.unpack(lower, writeTar(files), { tarSplitPath: join(root, 'lower.split') });
  await workers.unpack(upper, writeTar(changes), { tarSplitPath: join(root, 'upper.split') });
  for (const what of ['the first time', 'again']) {
    const difference = { changes: upper, parents: [lower] };
    const ms = await timed(() => Array.fromAsync(workers.writeDiff(difference)));
    console.log(`diff of ten files over 20,000, ${what}: ${ms.toFixed(1)} ms`);
  }
}

try {
  const megabytes = paths.reduce((sum, path) => sum + statSync(path).size, 0) / 1e6;
  console.log(`${paths.length} layers, ${megabytes.toFixed(0)} MB compressed`);
  for (let round = 0; round < Number(rounds); round++) {
    execFileSync('sync');
    let peak = 0;
    const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const ours = await timed(() => unpackAll(join(root, `ours-${round}`)));
    clearInterval(watching);
    execFileSync('sync');
    const theirs = await timed(() => tarAll(join(root, `tar-${round}`)));
    const ratio = (ours / theirs).toFixed(2);
    console.log(
      `unpack ${ours.toFixed(0)} ms (${Math.round(peak / 1e6)} MB RSS), tar xzf ${theirs.toFixed(0)} ms: ${ratio}`,
    );
  }
  await smallChange();
} finally {
  rmSync(root, { recursive: true });
}
