/**
 * The points of a commit at which a crash leaves something different behind. Crash tests end the process at each.
 */
export const CONTENT_STEPS = [
  /** Before and after the staging file is made. */
  'content.stage',
  'content.staged',
  /** Bytes have reached the file: after each `write`. */
  'content.written',
  /** Before and after the bytes are on the disk. */
  'content.sync',
  'content.synced',
  /** Before and after the blob gets its name. */
  'content.rename',
  'content.renamed',
  /** Before and after the name is on the disk. */
  'content.dir-sync',
  'content.dir-synced',
] as const;

export type ContentStep = (typeof CONTENT_STEPS)[number];
