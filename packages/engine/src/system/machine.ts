import { readdir, readFile } from 'node:fs/promises';
import { hasCode } from '@berth/errors';

/** Names that Go gives to processors; `docker version` and platforms speak of these. */
export function goArchitecture(arch: string = process.arch): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
  return names[arch] ?? arch;
}

/** `Debian GNU/Linux 12 (bookworm)` and `12`. */
export async function operatingSystem(): Promise<{ readonly name: string; readonly version: string }> {
  const text = (await readIfThere('/etc/os-release')) ?? (await readIfThere('/usr/lib/os-release')) ?? '';
  const value = (key: string): string =>
    new RegExp(`^${key}=(?:"(.*)"|'(.*)'|(.*))$`, 'm')
      .exec(text)
      ?.slice(1)
      .find((one) => one !== undefined) ?? '';
  return { name: value('PRETTY_NAME') || 'Linux', version: value('VERSION_ID') };
}

export async function openFileCount(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

export async function forwardsIPv4(): Promise<boolean> {
  return (await readIfThere('/proc/sys/net/ipv4/ip_forward'))?.trim() === '1';
}

/** `undefined` where there is no such file, or it may not be read. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  }
}
