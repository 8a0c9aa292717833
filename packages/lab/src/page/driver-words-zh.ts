import type { DriverWords } from './words.ts';

/** What each driver says of itself in its `entry.ts`, in Chinese; one without words here is shown in its own. */
export const CHINESE_DRIVERS: Readonly<Record<string, DriverWords>> = {
  overlay2: {
    summary: '各层目录并排存放，挂载时由 overlayfs 叠在一起；文件在改动时才复制到上层',
    kernel: 'Linux 4.0，带 overlayfs',
    prefer: '能用就用它。',
  },
  btrfs: {
    summary: '每层是一个子卷，由下面一层的快照而来；没有改动的部分按块共用',
    kernel: 'Linux 4.18，带 btrfs，且数据目录在 btrfs 上',
    prefer:
      'overlay2 在 btrfs 上也能用，各容器共用已读入的内容，用的人也最多。btrfs 让文件共用区段（extent）：在大文件里做少量改动，不必复制整个文件；数据目录须在 btrfs 上。',
  },
  vfs: {
    summary: '每层都是完整的一份副本，文件系统支持时用 reflink 复制；没有任何要求',
    kernel: '任何内核',
    prefer: '请用 overlay2。vfs 用于别的驱动都不能用的文件系统，或用来与其他驱动对比。',
  },
  overlay: {
    summary: '只有一个下层目录和一个上层目录：每个镜像层都是一棵完整的目录树，其中的文件是下层文件的硬链接',
    kernel: 'Linux 3.18，带 overlayfs',
    deprecated: 'Docker 在 18.09 中弃用，在 24.0 中移除',
    prefer:
      '请用 overlay2，它只保存每层的改动。overlay 用于 4.0 之前的内核，那时的 overlayfs 只能有一个下层目录。',
  },
  devicemapper: {
    summary: '每层是一个带有自己文件系统的块设备，是下面一层的精简快照；块在首次写入时才复制',
    kernel: 'Linux 3.2，带 device mapper 精简存储池（thin pool）；存储池放在文件里则需 5.8',
    deprecated: 'Docker 在 18.09 中弃用，在 25.0 中移除',
    prefer:
      '请用 overlay2，它让各容器共用已读入的内容。devicemapper 按块复制，不挑磁盘上的文件系统，并给每个容器设定大小上限。请给它专用的存储池（dm.thinpooldev），放在文件里的存储池很慢。',
  },
  aufs: {
    summary: '各层目录并排存放，由 aufs 叠在一起；内核没有 aufs 时，由 fuse-overlayfs 叠放同样的目录',
    kernel: '带 aufs 的内核（打过补丁，或装有 aufs-dkms），或 Linux 4.18 加 fuse-overlayfs',
    deprecated: 'Docker 在 19.03 中弃用，在 24.0 中移除',
    prefer:
      '请用 overlay2，它靠人人都有的内核做同样的事。aufs 用于打开以前用它建的目录，或用来了解从前的做法。',
  },
};
