import { readFile } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { runCommand } from './command.ts';

/**
 * Why the peers cannot run on this machine; `undefined` when they can.
 *
 * They need root (mount and network namespaces), Debian 12's packages, and the few programs that unpack and enter.
 */
export async function whyNoPeers(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root for mount and network namespaces';
  const release = await osRelease();
  if (!/^ID=debian$/m.test(release) || !/^VERSION_ID="12"$/m.test(release))
    return 'needs Debian 12 for its packages';
  for (const program of ['apt-get', 'dpkg-deb', 'tar', 'unshare', 'nsenter', 'setpriv', 'mount', 'chroot']) {
    const found = await runCommand(['sh', '-c', 'command -v "$0"', program]);
    if (found.code !== 0) return `needs the program "${program}"`;
  }
  const probe = await runCommand([
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--fork',
    'true',
  ]);
  if (probe.code !== 0) return `needs the right to make namespaces: ${probe.stderr.trim()}`;
  return undefined;
}

async function osRelease(): Promise<string> {
  try {
    return await readFile('/etc/os-release', 'utf8');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return '';
    throw error;
  }
}
