import type { StartWords } from './interface.ts';

export const ENGLISH: StartWords = {
  steps: {
    data: 'Data folder',
    tls: 'Certificate',
    databases: 'Databases',
    pages: 'Pages',
    listen: 'Listening',
    hello: 'First image',
  },
  seconds: (text) => `${text} s`,
  address: 'Your Hub',
  setup: 'First account',
  setupOnce: 'That link works once; each start prints a new one until it is used.',
  dataFolder: 'Data folder',
  free: (size) => `${size} free`,
  runsAs: (user) => `runs as ${user}`,
  trust: 'So that clients trust its certificate:',
  tryIn: (folder) => `Try, in ${folder}:`,
  push: 'Once the first account exists, push:',
  stop: 'Ctrl-C stops it; nothing keeps running in the background.',
  stopped: 'Stopped',
  alreadyRunning: (url, pid) => `Berth is already running: ${url} (process ${pid})`,
  starting: 'Berth is being started by another process',
  restarting: (reason, seconds) =>
    `The Hub ended unexpectedly (${reason}); starting it again in ${seconds} s`,
  killed: (signal) => `killed by ${signal}`,
  ended: (code) => `exit code ${code}`,
};
