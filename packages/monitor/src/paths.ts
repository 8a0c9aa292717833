import { join } from 'node:path';
import { MonitorError } from './errors.ts';

/**
 *     <runRoot>/monitor/
 *       monitor.sock  monitor.pid  monitor.lock  monitor.log
 *       in-flight                   output between the FIFO and the log
 *       tty-<n>.sock                while a terminal is being made
 *       containers/<id>/
 *         state.json  stdin  stdout  stderr
 *         stdout.rest  stderr.rest  the beginning of a line whose end has not come
 *         execs/<execId>/state.json  stdin  stdout  stderr
 *     <runRoot>/runtime/            what the runtime keeps
 */
export interface MonitorPaths {
  readonly folder: string;
  readonly socket: string;
  readonly pid: string;
  readonly lock: string;
  readonly log: string;
  readonly inFlight: string;
  readonly containers: string;
  readonly runtime: string;
}

export function monitorPaths(runRoot: string): MonitorPaths {
  const folder = join(runRoot, 'monitor');
  return {
    folder,
    socket: join(folder, 'monitor.sock'),
    pid: join(folder, 'monitor.pid'),
    lock: join(folder, 'monitor.lock'),
    log: join(folder, 'monitor.log'),
    inFlight: join(folder, 'in-flight'),
    containers: join(folder, 'containers'),
    runtime: join(runRoot, 'runtime'),
  };
}

/** Files of one process: of a container's init, or of an exec. */
export interface ProcessPaths {
  readonly folder: string;
  readonly state: string;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

export function containerPaths(paths: MonitorPaths, id: string): ProcessPaths & { readonly execs: string } {
  const folder = join(paths.containers, checkId(id));
  return { ...processPaths(folder), execs: join(folder, 'execs') };
}

export function execPaths(paths: MonitorPaths, id: string, execId: string): ProcessPaths {
  return processPaths(join(containerPaths(paths, id).execs, checkId(execId)));
}

function processPaths(folder: string): ProcessPaths {
  return {
    folder,
    state: join(folder, 'state.json'),
    stdin: join(folder, 'stdin'),
    stdout: join(folder, 'stdout'),
    stderr: join(folder, 'stderr'),
  };
}

/** An id becomes the name of a folder and an argument of the runtime. */
function checkId(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) return id;
  throw new MonitorError('CONTAINER_ID_INVALID', `Cannot use "${id.slice(0, 140)}" as an id of a container`);
}
