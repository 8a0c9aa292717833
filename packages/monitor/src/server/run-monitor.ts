import { rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, toPlainError } from '@berth/errors';
import { becomeSubreaper, closeOnExecAbove, moveToOwnCgroup, setProcessName } from '@berth/linux/supervision';
import { DEFAULT_CGROUP_PARENT } from '@berth/runtime/supervision';
import { MONITOR_CGROUP } from '../cgroup.ts';
import type { MonitorPaths } from '../paths.ts';
import type { MonitorEvent } from '../protocol/messages.ts';
import { Connection } from './connection.ts';
import { listen } from './listen.ts';
import { MonitorServer } from './monitor-server.ts';
import { namesIn } from './state-file.ts';

/** Nothing runs and nobody is connected for so long: then there is nothing to be here for. */
const IDLE_MS = 10_000;
/** What was said to clients goes out first. */
const FAREWELL_MS = 20;

export interface RunningMonitor {
  /** Goes; containers stay. Idempotent. */
  end(): void;
  readonly ended: Promise<void>;
}

/** Makes this process the monitor of the folder, whose lock it has. */
export async function runMonitor(paths: MonitorPaths): Promise<RunningMonitor> {
  // What the engine has open is not for containers.
  closeOnExecAbove(3);
  setProcessName('berth-monitor');
  becomeSubreaper();
  // Containers say their own value; without us nobody sees how they end.
  writeIfAllowed('/proc/self/oom_score_adj', '-999');
  const cgroups = moveToOwnCgroup(MONITOR_CGROUP);
  const connections = new Set<Connection>();
  const tellAll = (event: MonitorEvent): boolean =>
    [...connections].map((one) => one.tell(event)).includes(true);
  const onFault = (error: unknown, what: string): void => {
    process.stderr.write(`${new Date().toISOString()} Cannot ${what}: ${words(error)}\n`);
    tellAll({ event: 'fault', what, error: toPlainError(error) });
  };
  // One container's trouble must not be that of all.
  process.on('uncaughtException', (error) => onFault(error, 'go on as planned'));
  process.on('unhandledRejection', (error) => onFault(error, 'go on as planned'));
  // Ctrl-C and a terminal that is closed are for the engine.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});

  const ended = Promise.withResolvers<void>();
  const server = await MonitorServer.open({
    paths,
    onFault,
    onExit: (exit) => {
      watchIdle();
      return tellAll({ event: 'exit', exit });
    },
    onInputEnded: (name) => void tellAll({ event: 'inputEnded', name }),
    onShutDown: () => end(),
  });
  const listener = await listen(paths.socket, (socket) => {
    const connection = new Connection(socket, server);
    connections.add(connection);
    socket.once('close', () => {
      connections.delete(connection);
      server.left(connection);
      watchIdle();
    });
  });
  writeFileSync(paths.pid, `${process.pid}\n`);

  let isEnding = false;
  function end(): void {
    if (isEnding) return;
    isEnding = true;
    listener.close();
    leaveCgroups(cgroups);
    removeContainersParent();
    sleep(FAREWELL_MS).then(ended.resolve, ended.reject);
  }

  let idle: NodeJS.Timeout | undefined;
  function watchIdle(): void {
    clearTimeout(idle);
    idle = setTimeout(() => {
      if (connections.size === 0 && server.isIdle) end();
    }, IDLE_MS);
  }
  watchIdle();
  return { end, ended: ended.promise };
}

/** Back to the top of each tree, so that the group can be removed; another monitor's keeps it. */
function leaveCgroups(folders: readonly string[]): void {
  for (const folder of folders) {
    writeIfAllowed(join(dirname(folder), 'cgroup.procs'), String(process.pid));
    removeIfEmpty(folder);
  }
}

/** Where containers had their groups: the runtime makes it and leaves it. With containers in it, it stays. */
function removeContainersParent(): void {
  const top = '/sys/fs/cgroup';
  for (const tree of [top, ...namesIn(top).map((name) => join(top, name))])
    removeIfEmpty(join(tree, DEFAULT_CGROUP_PARENT));
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const isExpected = hasCode(error) && REFUSALS.has(error.code);
    if (!isExpected) throw error;
  }
}

const REFUSALS = new Set(['EBUSY', 'ENOTEMPTY', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS']);

function writeIfAllowed(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    if (!hasCode(error) || !REFUSALS.has(error.code)) throw error;
  }
}

function words(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
