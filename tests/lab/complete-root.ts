import { copyFile, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { mustRun } from './command.ts';

/** What the packages' scripts would have done after unpacking, as far as the programs need it. */
export async function completeRoot(root: string): Promise<void> {
  await copyFile(join(root, 'usr/share/base-passwd/passwd.master'), join(root, 'etc/passwd'));
  await copyFile(join(root, 'usr/share/base-passwd/group.master'), join(root, 'etc/group'));
  await writeFile(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  // Large ranges for root: buildah and podman read these even when they do not use them.
  await writeFile(join(root, 'etc/subuid'), 'root:100000:65536\n');
  await writeFile(join(root, 'etc/subgid'), 'root:100000:65536\n');
  for (const folder of ['proc', 'sys', 'dev', 'tmp', 'run', 'root', 'home', 'mnt']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await bundleCertificates(root);
  // Packages ship these two as folders; on a running Debian they are links.
  for (const path of ['var/run', 'var/lock']) await rm(join(root, path), { recursive: true, force: true });
  const links: readonly (readonly [string, string])[] = [
    ['usr/bin/sh', 'dash'],
    ['usr/bin/awk', 'mawk'],
    ['usr/sbin/iptables', 'xtables-nft-multi'],
    ['usr/sbin/iptables-save', 'xtables-nft-multi'],
    ['usr/sbin/iptables-restore', 'xtables-nft-multi'],
    ['usr/sbin/ip6tables', 'xtables-nft-multi'],
    ['etc/mtab', '/proc/mounts'],
    ['var/run', '/run'],
    ['var/lock', '/run/lock'],
  ];
  for (const [path, target] of links) await linkIfMissing(join(root, path), target);
  await mustRun(['chroot', root, '/sbin/ldconfig']);
  await listModules(root);
}

/** Which module of a kernel needs which others, and answers to what. */
async function listModules(root: string): Promise<void> {
  for (const release of await foldersIn(join(root, 'usr/lib/modules')))
    await mustRun(['chroot', root, '/sbin/depmod', '--all', release]);
}

async function foldersIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function bundleCertificates(root: string): Promise<void> {
  const folder = join(root, 'usr/share/ca-certificates/mozilla');
  await mkdir(join(root, 'etc/ssl/certs'), { recursive: true });
  const names = (await readdir(folder)).filter((name) => name.endsWith('.crt')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  await writeFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), texts.join('\n'));
}

async function linkIfMissing(path: string, target: string): Promise<void> {
  try {
    await readlink(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'EINVAL') return;
    if (!hasCode(error) || error.code !== 'ENOENT') throw error;
    try {
      await symlink(target, path);
    } catch (cause) {
      // The set has no folder for it: the program is not in it either.
      if (!hasCode(cause) || cause.code !== 'ENOENT') throw cause;
    }
  }
}
