import { join } from 'node:path';

/**
 * The Hub's part of the data root; all of it belongs to the Hub's user.
 *
 *     <dataRoot>/                0711, so that the Hub's user may pass through
 *       ca.crt                   the authority of BERTH_TLS=auto, for clients; 0644
 *       hub/                     0700
 *         format                 number of the folder's format
 *         lock                   held by the running Hub (see lock.ts)
 *         running.json           who runs, where; for `berth up` and `berth doctor`
 *         registry.db  index.db  (and SQLite's -wal, -shm)
 *         content/               the content store: blobs and what is on its way in
 *         tls/                   authority and certificate of BERTH_TLS=auto
 *         logs/                  access.log, hub.log and what was rotated away
 */
export interface HubPaths {
  readonly folder: string;
  readonly format: string;
  readonly lock: string;
  readonly running: string;
  readonly registryDatabase: string;
  readonly indexDatabase: string;
  readonly content: string;
  readonly tls: string;
  readonly authority: string;
  readonly logs: string;
  readonly accessLog: string;
  readonly hubLog: string;
}

export function hubPaths(dataRoot: string): HubPaths {
  const folder = join(dataRoot, 'hub');
  const logs = join(folder, 'logs');
  return {
    folder,
    format: join(folder, 'format'),
    lock: join(folder, 'lock'),
    running: join(folder, 'running.json'),
    registryDatabase: join(folder, 'registry.db'),
    indexDatabase: join(folder, 'index.db'),
    content: join(folder, 'content'),
    tls: join(folder, 'tls'),
    authority: join(dataRoot, 'ca.crt'),
    logs,
    accessLog: join(logs, 'access.log'),
    hubLog: join(logs, 'hub.log'),
  };
}
