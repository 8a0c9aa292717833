import type { SkippedDriver } from '../interface.ts';

type Phrase = readonly [said: RegExp, chinese: string];

/** What probes of drivers say, as they say it; what is not among these is shown as it was said. */
const CAUSES: readonly Phrase[] = [
  [/^\S+ needs programs that are not installed$/, '缺少所需程序'],
  [
    /^this kernel \((.+)\) has no device mapper with thin pools$/,
    '这个内核（$1）没有带精简存储池的 device mapper',
  ],
  [/^a thin pool cannot be made in "(.+)"$/, '无法在“$1”里建立精简存储池'],
  [
    /^this kernel has no aufs, and there is no (\S+) to take its place$/,
    '这个内核没有 aufs，也没有 $1 可以代替',
  ],
  [/^this kernel has no aufs, and no FUSE, which (\S+) needs$/, '这个内核没有 aufs，也没有 $1 所需的 FUSE'],
  [/^aufs does not work on the (\S+) file system$/, 'aufs 不能用在 $1 文件系统上'],
  [/^this kernel has no overlay file system$/, '这个内核没有 overlay 文件系统'],
  [
    /^overlayfs cannot be mounted on the (\S+) file system below "(.+)"$/,
    '“$2”所在的 $1 文件系统上不能挂载 overlayfs',
  ],
  [
    /^layers of this driver are subvolumes of btrfs, and the folder is on another file system$/,
    '这个驱动的层是 btrfs 子卷，而目录在别的文件系统上',
  ],
  [/^(\S+) mounts file systems, which this process may not$/, '$1 需要挂载文件系统，而这个进程没有权限'],
];

const FIXES: readonly Phrase[] = [
  [/^Install them \((.+), or (.+)\), or choose the driver (\S+)$/, '请安装（$1，或 $2），或改用 $3'],
  [
    /^Load it \((.+)\), or use a kernel with (\S+) and (\S+), or choose the driver (\S+)$/,
    '请加载（$1），或使用带 $2 和 $3 的内核，或改用 $4',
  ],
  [
    /^Load it \((.+)\) or use a kernel with (\S+); or choose the driver (\S+)$/,
    '请加载（$1），或使用带 $2 的内核，或改用 $3',
  ],
  [
    /^Install the package (\S+) \(.+\), or a kernel with aufs \(.+\); or use (\S+)$/,
    '请安装软件包 $1，或带 aufs 的内核，或改用 $2',
  ],
  [
    /^Load it \((.+)\); in a container it needs (.+); or use (\S+)$/,
    '请加载（$1）；在容器里需要 $2；或改用 $3',
  ],
  [
    /^Put the data folder on ext4, xfs or btrfs .*or choose the driver vfs$/,
    '请把数据目录放到 ext4、xfs 或 btrfs 上，或改用 vfs',
  ],
  [/^Put the data folder elsewhere, .*or use (\S+)$/, '请把数据目录放到别处，例如 ext4 或 xfs 上，或改用 $1'],
  [/^Mount a btrfs on it: mkfs\.btrfs .+$/, '请在其上挂载 btrfs（mkfs.btrfs，再 mount）'],
  [/^Run the engine as root: (.+)$/, '请以 root 身份运行：$1'],
  [/^Free some space there$/, '请在那里腾出空间'],
];

export function reasonInChinese({ cause, fix }: SkippedDriver): {
  readonly cause: string;
  readonly whole: string;
} {
  const why = translated(cause, CAUSES);
  return { cause: why, whole: `${why}。${translated(fix, FIXES)}。` };
}

function translated(text: string, phrases: readonly Phrase[]): string {
  const found = phrases.find(([said]) => said.test(text));
  return found === undefined ? text : text.replace(found[0], found[1]);
}
