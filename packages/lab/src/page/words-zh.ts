import { CHINESE_DRIVERS } from './driver-words-zh.ts';
import { reasonInChinese } from './reasons-zh.ts';
import { BOOKS_CHINESE } from './sayings/words-zh.ts';
import type { Words } from './words.ts';

export const CHINESE: Words = {
  language: 'zh-CN',
  languageName: '简体中文',
  title: '存储驱动之间有什么不同',
  gap: '',
  list(items) {
    const [one = '', other] = items;
    if (other === undefined) return one;
    return items.length === 2 ? `${one}${gapBefore(one)}和${spaced(other)}` : items.join('、');
  },
  semicolon: '；',
  intro: {
    what: '镜像的各层怎样存放在磁盘上、容器改动文件时会发生什么，都由存储驱动决定。',
    one: (link) => `各驱动在${link}上依次单独完成了同样的工作。`,
    several: (links) =>
      `本页有${CHINESE.list(links)}的数据。在每台机器上，各驱动都依次单独完成了同样的工作；比较只在同一台机器之内进行，不跨机器。`,
    smaller: (drivers) => `只有一处例外：改动一个字节的那个大文件，${drivers} 用的是较小的，相应章节有说明。`,
    rules:
      '所有图中，条形越短越好；数据后面的“（3.1 倍）”表示是同类最小值的多少倍。除另有说明外，每项只测一次：全页统一以较小值的五分之一为界，差距不到这个界限就算没有差别。',
  },
  across: {
    what: (machine, first, differences) =>
      `${machine}的数据不能与${first}的相比：${differences.join('，')}。`,
    emulated: '前者的处理器由软件模拟',
    cores: (count, first) => `${count} 核（后者 ${first} 核）`,
    memory: (size, first) => `内存 ${size}（后者 ${first}）`,
    kernel: (release) => `内核也不同（Linux ${release}）`,
    nothing: '机器不同，磁盘也不同',
  },
  drivers: {
    heading: '各个驱动',
    what: '这些都是 Berth 自己的驱动，名称沿用 Docker 的。“Docker 在某版本中弃用”说的是 Docker 里的同名驱动，而不是这里的。',
    of: ({ name, summary, support }) => CHINESE_DRIVERS[name] ?? { summary, ...support },
    kernel: '主线内核',
    since: (release) => `自 Linux ${release} 起`,
    never: '从未收入',
    anyKernel: '任何版本',
    needs: (what) => `需要：${what}`,
    deprecated: '已弃用',
    notDeprecated: '否',
    prefer: '该用哪个',
    measured: '在哪里测过',
    notOn: (link, reason) => `${link}未测：${reason}`,
  },
  which: {
    heading: '什么场合用哪个',
    what: '由这台机器的数据算出：与最好者相差不到五分之一的都算最好；其余驱动中，与最差者相差不到五分之一的都算最差。',
    work: '工作',
    best: '最好',
    worst: '最差',
    works: {
      changeByte: ({ largeFile, depth }) => `在${depth}的 ${largeFile} 文件里改一个字节`,
      writers: ({ writers, written, writtenFile }) =>
        `${writers} 个容器在镜像自带的 ${writtenFile} 文件里共改动 ${written}`,
      readersCold: ({ writers, openedFiles }) => `${writers} 个容器各读 ${openedFiles} 个小文件，无缓存`,
      readersWarm: ({ writers, openedFiles }) => `${writers} 个容器各读 ${openedFiles} 个小文件，已读过`,
      start: ({ layers }) => `从 ${layers} 层的镜像启动容器`,
      freshDisk: ({ sharers }) => `${sharers} 个新容器占用的磁盘`,
      imageDisk: ({ image }) => `${image} 的镜像占用的磁盘`,
      memory: ({ sharers }) => `${sharers} 个容器读完整个镜像后占用的内存`,
      createFiles: ({ smallFiles }) => `新建 ${smallFiles} 个小文件`,
      removeFiles: ({ smallFiles }) => `删除 ${smallFiles} 个小文件`,
      unpack: ({ image }) => `解包 ${image} 的镜像`,
      commit: () => '提交改过十个文件的容器',
    },
    entry: (driver, value) => `${driver}${gapBefore(driver)}${value}`,
    worstEntry: (driver, value, times) =>
      `${driver}${gapBefore(driver)}${value}${times === undefined ? '' : `，是最好者的 ${times}`}`,
    level: '没有明显差别',
    alone: '没有可比的驱动',
    leftOut: (entries, reason) => `不参与排名：${entries}（${reason}）`,
    others: (drivers, value, times) => `${drivers}：各至少 ${value}，至少是最好者的 ${times}`,
  },
  kernel: '内核',
  processor: '处理器',
  memory: '内存',
  fileSystem: '底层文件系统',
  takenAt: '测量时间',
  cores: (count) => `${count} 核`,
  processorAndCores: (processor, cores) => `${processor}，${cores}`,
  contents: '这台机器的内容',
  driver: '驱动',
  unmeasured(reason) {
    if (reason === undefined) return '未测';
    return /^E[A-Z0-9]+$/.test(reason) ? `被拒绝（${reason}）` : `未测：${REFUSALS[reason] ?? reason}`;
  },
  note: {
    'btrfs-in-a-file': '建在镜像文件上',
    'pool-in-files': '存储池在文件中',
    'fuse-overlayfs': '借助 fuse-overlayfs',
  },
  aside: (text, aside) => `${text}（${aside}）`,
  times: (factor) => `${factor} 倍`,
  atLeast: (value) => `至少 ${value}`,
  machineName: { 'this machine': '本机', 'the guest (emulated by qemu)': '虚拟机（由 qemu 模拟）' },
  skipped: '这台机器上未测的驱动：',
  colon: (term, text) => `${term}：${text}`,
  reason: reasonInChinese,
  notInRun: '不在那次测量之列',
  figuresOf: (machine) => `${machine}${gapBefore(machine)}的数据`,
  apart: {
    copiedAhead: '事先已全部复制',
    smallerFile: '文件较小',
    cutOff: '受内存所限，未能测全',
  },
  depth: { bottom: '最底层', middle: '中间层', top: '最顶层' },
  turn: { first: '首次写入', second: '再次写入' },
  unit: { ms: '耗时', takenBytes: '占用空间', writtenBytes: '写入磁盘' },
  copyUp: {
    heading: '大文件里只改一个字节',
    what: (file, layers) =>
      `镜像共 ${layers} 层，最底层、中间层和最顶层各有一个 ${file} 的文件。容器在每个文件里改动一个字节并等它落盘，随后再改同一文件里的另一个字节。`,
    taken: '首次写入占用的空间',
    written: '首次写入时实际写入磁盘的数据量',
    time: '首次写入的耗时',
    both: (depth) => `两次写入，文件在${depth}`,
    smaller: (driver, file) => `${driver} 用的是 ${file} 的文件：文件之上的每一层都可能再存一份。`,
    copiedAhead: (driver) =>
      `${driver} 在容器写入之前就已复制了全部文件：这里省下的开销，创建容器时已经付出。`,
    firstIsOdd: (depth, instead) =>
      `${depth}最先测，之前没有预热，数据里含有只发生一次的开销，因此不据此下结论；较低的层以${instead}为准。`,
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
      `${driver} 在创建每个容器时就复制了整个镜像（见“同一镜像的许多容器”）：这里省下的开销，创建容器时已经付出。`,
    wholeBlocks: (driver, block) =>
      `${driver} 按存储池的块复制，每块 ${block}：改动一个 4 KiB 的块，就要占用其中的一整块。`,
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
    what: '从零到根文件系统挂载完毕。各镜像文件相同，仅层数递增。每项启动七次，取中位数。',
    time: '耗时',
    layers: (count) => `${count} 层`,
  },
  rename: {
    heading: '给镜像里的目录改名',
    what: '软件包管理器和一些编译工具会这样做。做不到的驱动会返回 EXDEV，程序只好自己复制。',
    outcome: '结果',
    works: (time) => `可以，${time}`,
  },
  sharers: {
    heading: '同一镜像的许多容器',
    what: (containers, image) =>
      `${image} 的镜像，${containers} 个容器：还没写任何东西时占多少磁盘，每个容器都读完全部文件后占多少内存。`,
    disk: '磁盘',
    created: '挂载之前占用的磁盘',
    memory: '文件内容占用的内存',
    memoryWhy:
      '内核按磁盘上的文件缓存读过的内容：所有容器读的是镜像里的同一个文件，内存里就只有一份；每个容器各有自己的文件，就各占一份。',
    cutOff: (containers, copies, memory) =>
      `镜像的 ${containers} 份副本共 ${copies}，而这台机器的内存一共只有 ${memory}。标有“至少”的，是内核在中途丢弃了先读的内容：这些驱动本来占用更多，彼此之间不作排名。`,
  },
  unpack: {
    heading: '镜像的解包与提交',
    what: (image) =>
      `把 ${image} 的镜像解包，直至数据确实落盘；再把容器里改过的十个文件提交成一层（提交五次，取中位数）。`,
    unpackTime: '解包',
    commitTime: '提交',
    taken: '镜像占用的空间',
    time: '耗时',
  },
  books: BOOKS_CHINESE,
  all: {
    heading: '全部数据',
    figure: '项目',
    place: (depth, turn) => `${depth}，${turn}`,
    part: (place, unit) => `${place}：${unit}`,
  },
  terms: {
    heading: '名词解释',
    entries: [
      [
        '块',
        '一次写入或复制的最小单位：这里的文件系统都是 4 KiB，各容器写入时每处改动的也是这么多。devicemapper 存储池的块更大，默认 64 KiB。',
      ],
      ['落盘', '数据已写到磁盘，而不只是留在内存：即使断电也不会丢失。'],
      [
        '首次写入、再次写入',
        '对同一文件的两次改动，位置相距很远。复制整个文件的驱动在首次写入时复制，再次写入改的是已经复制出来的那一份。共用块的驱动（devicemapper、btrfs）没有这样的副本：再次写入与首次一样，要另占一块。',
      ],
      [
        '写入磁盘',
        '内核统计的、期间写到磁盘上的全部数据：既有文件内容，也有文件系统自己的记录（日志、索引）。',
      ],
      [
        'fuse-overlayfs',
        '像 aufs 那样把目录层层叠放起来的程序。内核没有 aufs 时，aufs 驱动用它来挂载：各层在磁盘上的样子不变，但每次打开和读取都要经过这个程序，因此耗时并不代表 aufs。',
      ],
      [
        '建在镜像文件上的 btrfs',
        '机器的磁盘用的是别的文件系统，因此在其上放一个大文件，把 btrfs 建在这个文件里。btrfs 写入的内容，外层文件系统还要再写一次。',
      ],
      [
        '存储池在文件中',
        'devicemapper 把各层的块都存放在一个存储池里。这里没有专门的磁盘给它，存储池便放在两个文件里：写入存储池的内容，还要经过底层文件系统。',
      ],
      ['虚拟机', '由程序（这里是 qemu）在另一台机器上扮演出来的机器。'],
      ['模拟', '连处理器也由软件逐条指令地扮演：比真实的处理器慢许多倍。'],
    ],
  },
  download: '同样的数据，JSON 格式',
};

const REFUSALS: Readonly<Record<string, string>> = {
  'the caches of the kernel cannot be dropped here': '这里无法清空内核的缓存',
};

/** Between Latin letters or digits and Chinese stands a space; after Chinese or its brackets none. */
function gapBefore(text: string): string {
  return /[A-Za-z0-9)]$/.test(text) ? ' ' : '';
}

function spaced(text: string): string {
  return /^[A-Za-z0-9]/.test(text) ? ` ${text}` : text;
}
