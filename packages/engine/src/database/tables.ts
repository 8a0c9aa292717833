/**
 * The rows of engine.db. Moments are integer milliseconds, JSON is text.
 *
 *     containers      one row each: what it was made of (settings) and what became of it (state)
 *     events          what happened, for `docker events --since`; trimmed
 *     …               images/tables.ts, volumes/tables.ts
 */
import type { Generated, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { ImageTables } from '../images/tables.ts';
import type { VolumeTables } from '../volumes/tables.ts';

/**
 * `creating`: the row is there, the container layer may be; nobody sees it, and a start sweeps it.
 * `whole`: a container. `removing`: parts of it may be gone; a start finishes that. `removing-all`: the same, and its volumes
 * without a name go with it.
 */
export type ContainerPhase = 'creating' | 'whole' | 'removing' | 'removing-all';

export interface ContainersTable {
  id: string;
  /** Without slash. */
  name: string;
  image_id: string;
  phase: ContainerPhase;
  created_at: number;
  /** `ContainerSettings` as JSON; changed by rename's sibling `update` alone. */
  settings: string;
  /** `ContainerState` as JSON. */
  state: string;
}

export interface EventsTable {
  seq: Generated<number>;
  /** Milliseconds, for `since` and `until`. */
  at: number;
  /** `ApiEvent` as JSON. */
  event: string;
}

export interface EngineTables extends ImageTables, VolumeTables {
  containers: ContainersTable;
  events: EventsTable;
}

const CONTAINERS = [
  `CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    image_id TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('creating', 'whole', 'removing', 'removing-all')),
    created_at INTEGER NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    event TEXT NOT NULL
  ) STRICT`,
  'CREATE INDEX events_by_time ON events (at, seq)',
];

export async function createContainerTables(trx: Transaction<EngineTables>): Promise<void> {
  for (const statement of CONTAINERS) await sql.raw(statement).execute(trx);
}
