import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpioEntry, cpio, FILE, FOLDER, PROGRAM } from './cpio.ts';
import type { Kernel } from './kernel.ts';

/** The name that qemu gives to the folder of modules. */
export const SHARE = 'modules';
const MODULES_FOLDER = '/usr/lib/modules';

/** What is needed to reach the disks and the other modules; the kernel asks for those as it needs them. */
const MODULES = [
  ...['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_net', 'virtio_rng'],
  ...['9pnet_virtio', '9p', 'overlay', 'crc32c_generic', 'ext4'],
];

export interface InitOptions {
  readonly kernel: Kernel;
  /** Path of a static busybox. */
  readonly busybox: string;
  /** Where the disk is mounted. */
  readonly disk: string;
  /** Of everything that runs in the guest. */
  readonly env: Readonly<Record<string, string>>;
  /** Number 1, with its arguments. */
  readonly command: readonly string[];
}

/** The first root of the guest: busybox, a few modules, and the script that finds the real root. */
export async function initramfs(options: InitOptions): Promise<Uint8Array> {
  const modules = options.kernel.modules(MODULES);
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'proc', 'sys', 'modules'].map((path) => ({ path, mode: FOLDER })),
    { path: 'bin/busybox', mode: PROGRAM, bytes: await readFile(options.busybox) },
  ];
  for (const { name, path } of modules) {
    entries.push({ path: `modules/${name}.ko`, mode: FILE, bytes: await readFile(path) });
  }
  const names = modules.map(({ name }) => name);
  entries.push({ path: 'init', mode: PROGRAM, bytes: Buffer.from(initScript(names, options)) });
  return cpio(entries);
}

/**
 * The root is the lab's packages and the project from read-only disks, below a tmpfs that takes what is changed. cgroup2 is mounted
 * and nothing of version 1; the kernel is told so, too.
 */
function initScript(modules: readonly string[], options: InitOptions): string {
  const { disk, command } = options;
  const at = (path: string) => quote(join('/new', path));
  return [
    '#!/bin/busybox sh',
    'set -e',
    'export PATH=/bin',
    '/bin/busybox --install -s /bin',
    'mount -t proc proc /proc',
    'mount -t sysfs sysfs /sys',
    'mount -t devtmpfs dev /dev',
    ...modules.map((name) => `insmod /modules/${name}.ko`),
    'mkdir /root-disk /project /tools /upper /new',
    'mount -t ext4 -o ro /dev/vdb /root-disk',
    'mount -t ext4 -o ro /dev/vdc /project',
    'mount -t ext4 -o ro /dev/vdd /tools',
    'mount -t tmpfs tmpfs /upper',
    'mkdir /upper/up /upper/work',
    'mount -t overlay -o lowerdir=/project:/root-disk:/tools,upperdir=/upper/up,workdir=/upper/work root /new',
    `mkdir -p ${['/proc', '/sys', '/dev', '/run', '/tmp', disk].map(at).join(' ')}`,
    'mount --move /dev /new/dev',
    'mkdir -p /new/dev/pts /new/dev/shm /new/dev/mqueue',
    'mount -t devpts -o mode=620,ptmxmode=666 devpts /new/dev/pts',
    'mount -t tmpfs -o mode=1777 shm /new/dev/shm',
    'mount -t mqueue mqueue /new/dev/mqueue',
    'ln -s /proc/self/fd /new/dev/fd',
    'mount -t tmpfs -o mode=755 run /new/run',
    'mkdir /new/run/lock',
    'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
    `mount -t ext4 /new/dev/vda ${at(disk)}`,
    `mkdir -p ${at(MODULES_FOLDER)}`,
    // What is shared does not change while a guest runs, so it may be kept in memory.
    `mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=${500 * 1024} ${SHARE} ${at(MODULES_FOLDER)}`,
    'ip link set lo up',
    'ip link set eth0 up',
    'ip address add 10.0.2.15/24 dev eth0',
    'ip route add default via 10.0.2.2',
    'hostname guest',
    'echo guest > /new/etc/hostname',
    'printf "127.0.0.1 localhost\\n::1 localhost\\n127.0.1.1 guest\\n" > /new/etc/hosts',
    'mount --move /proc /new/proc',
    'mount --move /sys /new/sys',
    ...Object.entries(options.env).map(([name, value]) => `export ${name}=${quote(value)}`),
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8',
    `exec /bin/busybox switch_root /new ${command.map(quote).join(' ')}`,
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
