/**
 * The tables of `storage.db`. Moments are integer milliseconds, digests `algorithm:hex`, keys are the driver's.
 *
 *     layers ──parent──▶ layers            image layers, one per chainID
 *       ▲  ▲  ▲
 *       │  │  └── layer_owners             who needs the top of a stack
 *       │  └───── init_layers              at most one per image layer: the mount points below its containers
 *       └──────── container_layers         the read-write layers
 *
 *     intents      keys that are about to be made or taken away: whatever lies on disk under them is nobody's
 *     settings     `driver`: whose keys these are
 */
import type { Generated } from 'kysely';

export interface LayersTable {
  chain_id: string;
  key: string;
  diff_id: string;
  parent: string | null;
  /** Bytes of the files. */
  size: number;
  tar_size: number;
  /** Layers in the stack, this one included. */
  depth: number;
  created_at: number;
}

export interface LayerOwnersTable {
  owner: string;
  chain_id: string;
}

export interface InitLayersTable {
  key: string;
  /** `null`: below containers that have no image. */
  parent: string | null;
}

export interface ContainerLayersTable {
  name: string;
  key: string;
  parent: string | null;
  init_key: string;
  size_limit: number | null;
  created_at: number;
}

export interface IntentsTable {
  id: Generated<number>;
  key: string;
}

export interface SettingsTable {
  name: 'driver';
  value: string;
}

export interface StorageTables {
  layers: LayersTable;
  layer_owners: LayerOwnersTable;
  init_layers: InitLayersTable;
  container_layers: ContainerLayersTable;
  intents: IntentsTable;
  settings: SettingsTable;
}
