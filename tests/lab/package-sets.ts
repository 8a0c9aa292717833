import { createHash } from 'node:crypto';

/** Debian packages that are unpacked together into one root folder. */
export interface PackageSet {
  readonly name: string;
  readonly packages: readonly string[];
}

/** The other programs of the field, and the tools that go with them. */
export const PEERS: PackageSet = {
  name: 'peers',
  packages: [
    ...[
      'podman',
      'skopeo',
      'buildah',
      'umoci',
      'docker.io',
      'docker-registry',
      'runc',
      'crun',
      'fuse-overlayfs',
    ],
    ...[
      'nginx-light',
      'wrk',
      'curl',
      'openssl',
      'iproute2',
      'nftables',
      'iptables',
      'ca-certificates',
      'netbase',
    ],
    ...['mmdebstrap', 'apt', 'dpkg', 'debian-archive-keyring', 'gpgv', 'perl'],
    ...[
      'bash',
      'dash',
      'coreutils',
      'sed',
      'grep',
      'mawk',
      'findutils',
      'util-linux',
      'mount',
      'procps',
      'tar',
    ],
    ...['gzip', 'xz-utils', 'zstd', 'base-files', 'base-passwd', 'libc-bin', 'kmod', 'tmux'],
  ],
};

/** A browser with Chinese letters: large, so it is a set of its own. */
export const BROWSER: PackageSet = {
  name: 'browser',
  packages: [
    ...['chromium', 'fonts-wqy-microhei', 'fonts-dejavu-core', 'fontconfig-config', 'ca-certificates'],
    ...[
      'bash',
      'dash',
      'coreutils',
      'sed',
      'grep',
      'mawk',
      'findutils',
      'util-linux',
      'base-files',
      'base-passwd',
    ],
    ...['libc-bin', 'libglib2.0-0', 'libnss3', 'procps', 'netbase'],
  ],
};

/** A machine of Debian's own kernel below qemu, and what makes its disk: large, so it is a set of its own. */
export const GUEST: PackageSet = {
  name: 'guest',
  packages: [
    ...['qemu-system-x86', 'linux-image-amd64', 'busybox-static', 'kmod', 'e2fsprogs'],
    ...['bash', 'dash', 'coreutils', 'util-linux', 'mount', 'ca-certificates'],
    ...['base-files', 'base-passwd', 'libc-bin', 'netbase'],
  ],
};

/** What the storage drivers need besides the peers: laid over their folder in the guest. */
export const STORAGE: PackageSet = {
  name: 'storage',
  packages: [
    ...['dmsetup', 'thin-provisioning-tools', 'e2fsprogs', 'xfsprogs', 'btrfs-progs'],
    ...['base-passwd', 'base-files', 'ca-certificates', 'libc-bin'],
  ],
};

/** Full-screen programs, to be put into an image: `screen-image.ts`. */
export const SCREEN: PackageSet = {
  name: 'screen',
  packages: [
    'busybox-static',
    'nano',
    'ncurses-base',
    'base-passwd',
    'base-files',
    'ca-certificates',
    'libc-bin',
  ],
};

/** Raised when the way of unpacking changes, so that older folders are not used again. */
const LAYOUT_VERSION = 2;

/** Name of the folder for this exact list: another list is another folder. */
export function setFolderName(set: PackageSet): string {
  const text = JSON.stringify([LAYOUT_VERSION, process.arch, [...set.packages].sort()]);
  return `${set.name}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}
