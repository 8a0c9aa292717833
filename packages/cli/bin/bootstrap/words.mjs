// The few sentences that are said before Node 24 and the rest of Berth are there.

const ENGLISH = {
  bringing: (what) => `Installing dependencies (${what}) …`,
  brought: (seconds) => `Dependencies installed (${seconds} s)`,
  waiting: (pid) => `Another start (process ${pid}) is installing the dependencies; waiting for it …`,
  readOnly: (folder) => [
    `Cannot install the dependencies: folder "${folder}" cannot be written by this user`,
    'Run "npm ci" there as its owner, or clone into a folder of your own',
  ],
  offline: () => [
    'Cannot install the dependencies: the package registry does not answer',
    "Check the network and npm's settings (npm config get registry, npm config get proxy), then run the same command again",
  ],
  npmFailed: (code) => [
    `Cannot install the dependencies: npm ended with code ${code}`,
    'npm’s own words are above; fix that and run the same command again',
  ],
  noNpm: () => ['Cannot install the dependencies: npm was not found', 'Install npm, or run "npm ci" by hand'],
  noNode: (platform) => [
    `Cannot find Node 24.12 or newer for ${platform}`,
    'Install Node 24 and run the same command with it; only Linux on x64 and arm64 gets it automatically',
  ],
};

const CHINESE = {
  bringing: (what) => `正在安装依赖（${what}）……`,
  brought: (seconds) => `依赖已就绪（${seconds} 秒）`,
  waiting: (pid) => `另一次启动（进程 ${pid}）正在安装依赖，等它完成……`,
  readOnly: (folder) => [
    `无法安装依赖：当前用户不能写入目录“${folder}”`,
    '请以该目录所有者的身份在其中执行 npm ci，或者克隆到自己的目录',
  ],
  offline: () => [
    '无法安装依赖：软件包仓库没有响应',
    '请检查网络和 npm 设置（npm config get registry、npm config get proxy），然后重新执行同一条命令',
  ],
  npmFailed: (code) => [`无法安装依赖：npm 退出码为 ${code}`, '上面是 npm 的输出；解决后重新执行同一条命令'],
  noNpm: () => ['无法安装依赖：找不到 npm', '请安装 npm，或手动执行 npm ci'],
  noNode: (platform) => [
    `找不到适用于 ${platform} 的 Node 24.12 或更新版本`,
    '请安装 Node 24 后用它重新执行；只有 x64 和 arm64 的 Linux 会自动安装',
  ],
};

const language = process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '';

export const words = language.startsWith('zh') ? CHINESE : ENGLISH;

/** One line that says what is wrong, one that says what to do. */
export class StartError extends Error {
  constructor([message, hint]) {
    super(message);
    this.hint = hint;
  }
}
