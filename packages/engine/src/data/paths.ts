import { join, resolve } from 'node:path';

/**
 * Where everything of one engine lies.
 *
 *     <dataRoot>/                0711, root's: nobody else looks into layers or runs a setuid file of one (CVE-2021-41091)
 *       format  lock  running.json
 *       engine.db                containers, images, volumes, events: rows
 *       storage/                 of @berth/storage
 *       network/                 of @berth/network
 *       containers/<id>/         0700: hosts, resolv.conf, hostname, <id>-json.log
 *       volumes/<name>/_data     of volumes/
 *       tmp/                     swept at start
 *     <runRoot>/                 a tmpfs, gone with the machine
 *       monitor/  runtime/  netns/
 *       bundles/<id>/config.json
 *       engine.lock  engine.owner         the data folder whose containers run here
 */
export interface EnginePaths {
  readonly dataRoot: string;
  readonly format: string;
  readonly lock: string;
  readonly running: string;
  readonly database: string;
  readonly storage: string;
  readonly network: string;
  readonly containers: string;
  readonly volumes: string;
  readonly temporary: string;
  readonly runRoot: string;
  readonly bundles: string;
  readonly runLock: string;
  readonly runOwner: string;
}

export const DEFAULT_RUN_ROOT = '/run/berth';

export function enginePaths(roots: {
  readonly dataRoot: string;
  readonly runRoot?: string | undefined;
}): EnginePaths {
  const dataRoot = resolve(roots.dataRoot);
  const runRoot = resolve(roots.runRoot ?? DEFAULT_RUN_ROOT);
  return {
    dataRoot,
    format: join(dataRoot, 'format'),
    lock: join(dataRoot, 'lock'),
    running: join(dataRoot, 'running.json'),
    database: join(dataRoot, 'engine.db'),
    storage: join(dataRoot, 'storage'),
    network: join(dataRoot, 'network'),
    containers: join(dataRoot, 'containers'),
    volumes: join(dataRoot, 'volumes'),
    temporary: join(dataRoot, 'tmp'),
    runRoot,
    bundles: join(runRoot, 'bundles'),
    runLock: join(runRoot, 'engine.lock'),
    runOwner: join(runRoot, 'engine.owner'),
  };
}

/** Files of one container; its log is named as Docker's, for tools that look for it. */
export function containerPaths(
  paths: EnginePaths,
  id: string,
): {
  readonly folder: string;
  readonly hosts: string;
  readonly resolvConf: string;
  readonly hostname: string;
  readonly log: string;
  readonly bundle: string;
} {
  const folder = join(paths.containers, id);
  return {
    folder,
    hosts: join(folder, 'hosts'),
    resolvConf: join(folder, 'resolv.conf'),
    hostname: join(folder, 'hostname'),
    log: join(folder, `${id}-json.log`),
    bundle: join(paths.bundles, id),
  };
}
