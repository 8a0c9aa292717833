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
  engine: {
    name: 'Engine',
    storage: 'Storage',
    images: 'Its data',
    reason: (reason) =>
      ({ set: 'as set', found: 'its data folder has it', best: 'the best that works here' })[reason] ??
      reason,
    running: (containers) => (containers === 1 ? '1 container runs' : `${containers} containers run`),
    absent: (why) => `The Hub runs without the engine: ${why}`,
    why: {
      system: (platform) => `it needs Linux, this is ${platform}`,
      notRoot: 'it needs root (sudo npm start)',
      program: (program, packages) => `there is no ${program} (apt-get install ${packages})`,
    },
    installing: (packages, size) =>
      `The engine needs ${packages}${size === '' ? '' : ` (${size})`}; installing it (BERTH_INSTALL=no refuses)`,
    run: 'Run containers with the docker command:',
  },
  stopWithEngine: 'Ctrl-C stops Hub and engine; containers run on, and the next start takes them over.',
  stop: 'Ctrl-C stops it; nothing keeps running in the background.',
  stopped: 'Stopped',
  alreadyRunning: (url, pid) => `Berth is already running: ${url} (process ${pid})`,
  starting: 'Berth is being started by another process',
  restarting: (which, reason, seconds) =>
    `The ${which === 'hub' ? 'Hub' : 'engine'} ended unexpectedly (${reason}); starting it again in ${seconds} s`,
  killed: (signal) => `killed by ${signal}`,
  ended: (code) => `exit code ${code}`,
};
