import type { Words } from './words.ts';

export const CHINESE: Words = {
  language: 'zh-CN',
  languageName: '简体中文',
  title: '存储驱动之间有什么不同',
  intro:
    '镜像的各层怎样放在磁盘上、容器改动一个文件时会发生什么，都由存储驱动决定。下面每个驱动都在同一台机器上单独做了同样的事。所有图都是条越短越好。除另有说明外每项只测一次，相差百分之几说明不了什么。',
  machine: '机器',
  kernel: '内核',
  processor: '处理器',
  memory: '内存',
  fileSystem: '底层文件系统',
  takenAt: '测量时间',
  cores: (count) => `${count} 核`,
  contents: '本页内容',
  driver: '驱动',
  missing: '未测',
  note: {
    'btrfs-in-a-file': '位于文件中的 btrfs',
    'fuse-overlayfs': '借助 fuse-overlayfs',
  },
  driverAside: (driver, aside) => `${driver}（${aside}）`,
  machineName: { 'this machine': '本机', 'the guest (emulated by qemu)': '虚拟机（由 qemu 模拟）' },
  skipped: '在这台机器上不可用',
  figuresOf: (machine) => `${machine} 的数据`,
  onlySameKernel: '这台机器的内核与上面不同，所以单独成图：只在同一台机器之内比较各驱动，不要跨机器比较。',
  depth: { bottom: '最底层', middle: '中间层', top: '最顶层' },
  first: '第一次写',
  second: '第二次写',
  space: '空间',
  copyUp: {
    heading: '大文件里只改一个字节',
    what: (file, layers) =>
      `镜像共 ${layers} 层，一个 ${file} 的文件分别位于最底层、中间层和最顶层。容器改动其中一个字节并等它落盘，随后再改同一文件里的另一个字节。`,
    taken: '第一次写占用的空间',
    written: '为此真正写到磁盘上的字节',
    time: '第一次写的耗时',
    smaller: (driver, file) =>
      `${driver} 用的是 ${file} 的文件：文件之上每多一层，它就要多存一份；容器动笔之前，也已经为它复制好了一份。`,
  },
  smallFiles: {
    heading: '大量小文件',
    what: (count) => `容器新建 ${count} 个小文件（每个目录一百个），再全部删除。`,
    create: '新建',
    remove: '删除',
  },
  writers: {
    heading: '许多容器同时写',
    what: (containers, blocks, file) =>
      `${containers} 个容器同时运行，各自在镜像自带的同一个 ${file} 文件里改动 ${blocks} 个彼此远离的 4 KiB 块。`,
    time: '全部落盘的耗时',
    taken: '占用的空间',
    copied: (driver) =>
      `${driver} 在创建每个容器时就复制了整个镜像（见“同一镜像的许多容器”）：这里省下的，那时已经付过了。`,
  },
  readers: {
    heading: '许多容器只读不写',
    what: (containers, files) =>
      `同一镜像的 ${containers} 个容器同时运行，各自打开并读完 ${files} 个小文件，什么也不写：先在内存里没有缓存时读一遍，紧接着再读一遍。`,
    cold: '无缓存',
    warm: '已读过',
    time: '全部读完的耗时',
  },
  start: {
    heading: '启动容器',
    what: '从零到根文件系统挂载完毕。各镜像的文件相同，层数越来越多。每项启动七次，取中位数。',
    time: '耗时',
    layers: (count) => `${count} 层`,
  },
  rename: {
    heading: '给镜像里的目录改名',
    what: '软件包管理器和一些编译工具会这样做。做不到的驱动会返回 EXDEV，程序只好自己复制。',
    works: (time) => `可以，${time}`,
    refused: (code) => `被拒绝：${code}`,
  },
  sharers: {
    heading: '同一镜像的许多容器',
    what: (containers, image) =>
      `${image} 的镜像，${containers} 个容器：还没写任何东西时占多少磁盘，每个容器都读完全部文件后占多少内存。`,
    disk: '磁盘',
    memory: '文件内容占用的内存',
    memoryWhy:
      '内核按磁盘上的文件缓存读过的内容：所有容器读的是镜像里的同一个文件，内存里就只有一份；每个容器各有自己的文件，就各占一份。',
  },
  unpack: {
    heading: '镜像的解包与提交',
    what: (image) =>
      `把 ${image} 的镜像解包到可靠落盘为止；再把容器里改过的十个文件提交成一层（提交五次，取中位数）。`,
    unpackTime: '解包',
    commitTime: '提交',
    time: '耗时',
  },
  books: {
    heading: '书上的说法',
    what: '每句话都用上面的数据来检验。相差不到五分之一的，算作没有差别。',
    saying: '书上的说法',
    verdict: '在这里',
    figures: '数据',
    held: '成立',
    notHeld: '不成立',
    unknown: '无法判断',
    sayings: {
      aufsLowLayers: '大文件位于较低的层时，AUFS 更慢。',
      overlayWholeFiles: '哪怕只改一个字节，overlay 也要复制整个文件。',
      deviceMapperBlocks: 'device mapper 只复制被改动的块。',
      blocksWinHeavyWrites: '对大文件大量写入时，块级驱动更快。',
      overlayWinsReaders: '容器很多而各自 I/O 很少时，overlay 更快。',
      freshTakesNothing: '新容器在写入之前不占空间（vfs 除外）。',
      vfsCopiesAll: 'vfs 给每个容器都复制一整份。',
      overlaySharesMemory: 'overlay 上的容器共用已读入内存的文件，其他驱动不共用。',
      overlayRename: 'overlay 无法给镜像里的目录改名。',
    },
    needs: (drivers) => `要判断这一条，需要 ${drivers} 的数据。`,
    against: (one, value, other, otherValue) => `${one} ${value}，${other} ${otherValue}`,
    each: (driver, value) => `${driver}：${value}`,
    perContainer: (driver, value) => `${driver}：每个容器 ${value}`,
  },
  raw: '全部数据',
  download: '同样的数据，JSON 格式',
};
