import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from './cached.ts';
import { mustRun } from './command.ts';
import { SCREEN, setFolderName } from './package-sets.ts';
import type { Lab } from './peers.ts';

const APPLETS = ['sh', 'cat', 'echo', 'kill', 'less', 'ls', 'rm', 'sleep', 'stty', 'top', 'vi', 'seq'];

/** nano, the libraries it names, the terminals it knows, and a locale in which it knows UTF-8. */
const FILES = [
  ...[
    'usr/bin/busybox',
    'usr/bin/nano',
    'usr/lib/terminfo',
    'usr/lib/locale/C.utf8',
    'etc/passwd',
    'etc/group',
  ],
  'usr/lib/*-linux-gnu*/lib[ct].so.6',
  'usr/lib/*-linux-gnu*/lib{ncursesw,tinfo}.so.6*',
  'usr/lib/{,*-linux-gnu*/}ld-linux*',
  'usr/lib64/ld-linux*',
];

/**
 * A root filesystem for what paints on the whole screen, as a tar: busybox with its shell, `vi`, `less` and `top`, and
 * Debian's nano, which unlike them counts the columns of wide letters. It has no command of its own. `lab`: of the set
 * `SCREEN`.
 */
export async function screenImageBytes({ root: packages }: Lab): Promise<Uint8Array> {
  const folder = await cachedFolder(`image-${setFolderName(SCREEN)}-2`, async (staging) => {
    const root = join(staging, 'root');
    await mkdir(join(root, 'usr/bin'), { recursive: true });
    for (const name of ['bin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
    for (const name of ['root', 'tmp']) await mkdir(join(root, name));
    await mustRun(
      [
        'bash',
        '-c',
        `shopt -s nullglob; cp --archive --parents --target-directory "$0" ${FILES.join(' ')}`,
        root,
      ],
      { cwd: packages },
    );
    for (const name of APPLETS) await symlink('busybox', join(root, 'usr/bin', name));
    await mustRun([
      ...(['tar', '--create', '--file', join(staging, 'root.tar'), '--directory', root] as const),
      ...['--sort=name', '--mtime=@1700000000', '--owner=0', '--group=0', '--numeric-owner', '.'],
    ]);
  });
  return await readFile(join(folder, 'root.tar'));
}
