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
  stop: '按 Ctrl-C 停止，不会留下任何后台进程。',
  stopped: '已停止',
  alreadyRunning: (url, pid) => `Berth 已经在运行：${url} （进程 ${pid}）`,
  starting: '另一个进程正在启动 Berth',
  restarting: (reason, seconds) => `Hub 意外退出（${reason}），${seconds} 秒后重新启动`,
  killed: (signal) => `被 ${signal} 终止`,
  ended: (code) => `退出码 ${code}`,
};
