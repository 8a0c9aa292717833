/**
 * The rows of volumes. Their data is in `volumes/<name>/_data` (see volume-folders.ts); a volume is its row.
 */
import type { QueryExecutorProvider } from 'kysely';
import { sql } from 'kysely';

export interface VolumesTable {
  name: string;
  created_at: number;
  /** JSON object; `null` where none were given. */
  labels: string | null;
  /** JSON object of the driver's options; `null` where none were given. */
  options: string | null;
  is_anonymous: number;
  /** `whole`, or `removing`: nobody sees it any more, and a start finishes that. */
  phase: 'whole' | 'removing';
  /** `moving`: the image's data lies ready beside the volume and is being moved in, which a start finishes. */
  fill: 'none' | 'moving' | 'done';
}

export interface VolumeTables {
  volumes: VolumesTable;
}

const TABLES = [
  `CREATE TABLE volumes (
    name TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    labels TEXT,
    options TEXT,
    is_anonymous INTEGER NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('whole', 'removing')),
    fill TEXT NOT NULL CHECK (fill IN ('none', 'moving', 'done'))
  ) STRICT, WITHOUT ROWID`,
];

export async function createVolumeTables(trx: QueryExecutorProvider): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(trx);
}
