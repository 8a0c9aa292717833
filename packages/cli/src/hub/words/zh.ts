import type { StartWords } from './interface.ts';

export const CHINESE: StartWords = {
  steps: {
    data: '数据目录',
    tls: '证书',
    databases: '数据库',
    pages: '网页',
    listen: '监听端口',
    hello: '第一个镜像',
  },
  seconds: (text) => `${text} 秒`,
  address: 'Hub 地址',
  setup: '创建首个账号',
  setupOnce: '该链接只能用一次；使用之前，每次启动都会打印新的链接。',
  dataFolder: '数据目录',
  free: (size) => `剩余 ${size}`,
  runsAs: (user) => `运行身份 ${user}`,
  trust: '让客户端信任它的证书：',
  tryIn: (folder) => `在 ${folder} 里试试：`,
  push: '创建账号后，推送镜像：',
  engine: {
    name: '引擎',
    storage: '存储驱动',
    images: '引擎数据',
    reason: (reason) =>
      ({ set: '按设置', found: '沿用数据目录里的', best: '本机可用的最佳选择' })[reason] ?? reason,
    running: (containers) => `${containers} 个容器正在运行`,
    absent: (why) => `只启动了 Hub，没有引擎：${why}`,
    why: {
      system: (platform) => `引擎需要 Linux，这里是 ${platform}`,
      notRoot: '引擎需要 root 权限（sudo npm start）',
      program: (program, packages) => `缺少 ${program}（apt-get install ${packages}）`,
    },
    installing: (packages, size) =>
      `引擎需要 ${packages}${size === '' ? '' : `（${size}）`}，正在安装（设 BERTH_INSTALL=no 可拒绝）`,
    run: '用 docker 命令运行容器：',
  },
  stopWithEngine: '按 Ctrl-C 停止 Hub 和引擎；容器继续运行，下次启动时接管。',
  stop: '按 Ctrl-C 停止，不会留下任何后台进程。',
  stopped: '已停止',
  alreadyRunning: (url, pid) => `Berth 已经在运行：${url} （进程 ${pid}）`,
  starting: '另一个进程正在启动 Berth',
  restarting: (which, reason, seconds) =>
    `${which === 'hub' ? 'Hub' : '引擎'} 意外退出（${reason}），${seconds} 秒后重新启动`,
  killed: (signal) => `被 ${signal} 终止`,
  ended: (code) => `退出码 ${code}`,
};
