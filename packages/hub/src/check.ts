import { openFolderBlobStore } from '@berth/content';
import { openDatabase } from '@berth/db';
import { INDEX_MIGRATIONS, type IndexTables } from '@berth/index';
import {
  type CheckReport,
  checkRegistryFiles,
  REGISTRY_MIGRATIONS,
  type RegistryTables,
} from '@berth/registry';
import { ownerOfDataFolder, refuseNewerFormat } from './data/data-folder.ts';
import { handOver, refusePlantedLinks } from './data/hand-over.ts';
import { hubPaths } from './data/paths.ts';
import { HubError } from './errors.ts';
import { isRoot } from './privileges/drop-root.ts';

export interface CheckHubOptions {
  /** Read and hash every byte. */
  readonly deep?: boolean;
  /** Remove what belongs to nothing. */
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
}

export interface DatabaseFinding {
  readonly kind: 'database.damaged';
  /** `registry` or `index`. */
  readonly database: string;
  /** In SQLite's words. */
  readonly problem: string;
}

export interface HubCheckReport {
  readonly dataFolder: string;
  readonly findings: readonly (DatabaseFinding | CheckReport['findings'][number])[];
  readonly counts: CheckReport['counts'];
}

/**
 * Looks at everything a Hub has stored, running or stopped. Changes nothing without `repair`; after an abort what
 * was repaired so far stays repaired.
 *
 * @throws {HubError} `DATA_FOLDER_MISSING`, `DATA_FOLDER_NEWER`
 */
export async function checkHub(dataRoot: string, options: CheckHubOptions = {}): Promise<HubCheckReport> {
  const paths = hubPaths(dataRoot);
  const owner = await ownerOfDataFolder(paths);
  if (owner === undefined || !(await refuseNewerFormat(paths))) {
    throw new HubError(
      'DATA_FOLDER_MISSING',
      `Cannot check "${paths.folder}": no Hub was ever started there`,
      {
        hint: 'Set BERTH_DATA_ROOT to the data root of the Hub, see "berth config"',
      },
    );
  }
  const isOthers = isRoot() && owner.uid !== 0;
  if (isOthers) await refusePlantedLinks(paths);
  try {
    await using blobs = await openFolderBlobStore({ path: paths.content });
    await using registry = await openDatabase<RegistryTables>({
      url: `sqlite:${paths.registryDatabase}`,
      migrations: REGISTRY_MIGRATIONS,
    });
    await using index = await openDatabase<IndexTables>({
      url: `sqlite:${paths.indexDatabase}`,
      migrations: INDEX_MIGRATIONS,
    });
    const damage: DatabaseFinding[] = [];
    for (const [name, database] of Object.entries({ registry, index })) {
      for (const problem of await database.integrityCheck())
        damage.push({ kind: 'database.damaged', database: name, problem });
      options.signal?.throwIfAborted();
    }
    const report = await checkRegistryFiles({ database: registry, blobs }, options);
    return { dataFolder: paths.folder, findings: [...damage, ...report.findings], counts: report.counts };
  } finally {
    // SQLite's side files, made by root beside those of the Hub's user. No deeper: the Hub may run, and its user
    // could exchange a folder on the way for a link.
    if (isOthers) await handOver(paths, owner, { depth: 1 });
  }
}
