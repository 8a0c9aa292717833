/**
 * The points of the layer store at which a crash leaves something different behind. Crash tests end the process at
 * each of these, and at each step of the driver and the database.
 */
export const LAYER_STEPS = [
  /** The keys of layers to come are about to be noted. */
  'layers.reserve',
  /** A layer is unpacked and verified. */
  'layers.unpacked',
  /** It is settled against its parents. */
  'layers.settled',
  /** A group of layers is about to be synced, is on the disk, gets its rows, has them. */
  'layers.sync',
  'layers.synced',
  'layers.row',
  'layers.committed',
  /** Rows are about to go, are gone, the last folder is gone. */
  'layers.forget',
  'layers.forgotten',
  'layers.removed',
  /** An init layer is filled, has its row. */
  'layers.init-made',
  'layers.init-committed',
  /** A container layer is made, has its row. */
  'layers.container-made',
  'layers.container-committed',
] as const;

export type LayerStep = (typeof LAYER_STEPS)[number];
