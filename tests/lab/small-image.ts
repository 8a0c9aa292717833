import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from './cached.ts';
import { mustRun } from './command.ts';
import type { Lab } from './peers.ts';

const PROGRAMS = [
  ...[
    'sh',
    'dash',
    'cat',
    'echo',
    'ls',
    'sleep',
    'head',
    'tail',
    'stty',
    'id',
    'grep',
    'env',
    'tr',
    'wc',
    'touch',
  ],
  ...[
    'rm',
    'mkdir',
    'true',
    'false',
    'uname',
    'dd',
    'ln',
    'mv',
    'chmod',
    'chown',
    'seq',
    'tee',
    'date',
    'sort',
    'ps',
  ],
  ...[
    'readlink',
    'stat',
    'printf',
    'test',
    'tty',
    'basename',
    'mknod',
    'mount',
    'timeout',
    'yes',
    'sha256sum',
    'kill',
  ],
];

/**
 * A root filesystem of some 10 MB as a tar: dash and the tools that tests run in containers, with their libraries.
 * `docker import - small < tar`. It has no command of its own.
 */
export async function smallImage(lab: Lab): Promise<{ readonly tar: string }> {
  const folder = await cachedFolder(`small-${process.arch}-2`, async (staging) => {
    const files = new Set(['etc/passwd', 'etc/group', 'root', 'tmp', 'bin', 'sbin', 'lib', 'lib64']);
    for (const program of PROGRAMS) {
      files.add(`usr/bin/${program}`);
      const { stdout } = await lab.run('ldd', [`/usr/bin/${program}`]);
      for (const [, path] of stdout.matchAll(/(\/\S+\.so\S*)/g))
        files.add(`usr${path?.replace(/^\/usr/, '')}`);
    }
    await mustRun([
      ...(['tar', '--create', '--file', join(staging, 'root.tar'), '--directory', lab.root] as const),
      ...[
        '--sort=name',
        '--mtime=@1700000000',
        '--owner=0',
        '--group=0',
        '--numeric-owner',
        '--no-recursion',
      ],
      ...(await withTargets(lab, [...files])),
    ]);
  });
  return { tar: join(folder, 'root.tar') };
}

/** Libraries are often links to versioned files beside them. */
async function withTargets(lab: Lab, files: readonly string[]): Promise<readonly string[]> {
  const all = new Set<string>();
  for (const file of files) {
    all.add(file);
    // The links to `usr` are kept as links.
    if (!file.startsWith('usr/')) continue;
    const { stdout } = await lab.run('readlink', ['--canonicalize', `/${file}`]);
    const target = stdout.trim().replace(/^\//, '');
    if (target !== '') all.add(target);
  }
  for (const file of all) {
    for (let folder = file; folder.includes('/'); ) {
      folder = folder.slice(0, folder.lastIndexOf('/'));
      all.add(folder);
    }
  }
  return [...all].sort();
}

export async function smallImageBytes(lab: Lab): Promise<Uint8Array> {
  return await readFile((await smallImage(lab)).tar);
}
