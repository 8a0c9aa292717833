import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from './command.ts';
import { whyNoPeers } from './machine.ts';
import { bringPackages, PackagesUnreachableError } from './packages.ts';

const SMALL = {
  name: 'small',
  packages: ['base-passwd', 'base-files', 'libc-bin', 'ca-certificates', 'dash', 'coreutils', 'mawk'],
};
/** Where apt and dpkg keep what they do to a system. */
const SYSTEM = [
  '/etc',
  '/var/lib/apt',
  '/var/lib/dpkg',
  '/var/cache/apt',
  '/var/cache/debconf',
  '/var/log/apt',
];

async function fileList(folders: readonly string[]): Promise<string> {
  const found = await runCommand(['find', ...folders, '-xdev', '-printf', '%p %y %s %T@ %C@ %l\n']);
  return found.stdout.split('\n').sort().join('\n');
}

test('bringPackages() changes nothing outside its folder, and a cut leaves nothing behind', async (t) => {
  const reason = await whyNoPeers();
  if (reason !== undefined) return t.skip(reason);
  const cache = await mkdtemp(join(tmpdir(), 'berth-cache-'));
  const before = process.env.BERTH_CACHE;
  process.env.BERTH_CACHE = cache;
  t.after(async () => {
    if (before === undefined) delete process.env.BERTH_CACHE;
    else process.env.BERTH_CACHE = before;
    await rm(cache, { recursive: true, force: true });
  });
  const system = await fileList(SYSTEM);

  await assert.rejects(bringPackages(SMALL, { signal: AbortSignal.timeout(300) }), { name: 'AbortError' });
  assert.deepEqual(await readdir(cache), []);

  const lines: string[] = [];
  let roots: readonly string[];
  try {
    // Two at once: one makes it, the other waits for it.
    roots = await Promise.all([
      bringPackages(SMALL, { onProgress: (line) => lines.push(line) }),
      bringPackages(SMALL, { onProgress: (line) => lines.push(line) }),
    ]);
  } catch (error) {
    if (error instanceof PackagesUnreachableError) return t.skip(error.message);
    throw error;
  }
  const [root, same] = roots;
  assert.equal(root, same);
  assert.equal(lines.filter((line) => line.includes('downloading')).length, 1);
  assert.equal((await readdir(cache)).length, 1);
  assert.ok((await stat(join(root ?? '', 'usr/bin/sh'))).isFile());
  assert.equal(await fileList(SYSTEM), system);
});
